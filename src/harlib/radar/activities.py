"""The five classes as movements: each draws a style and gives a person's joint angles over time."""

from collections.abc import Callable

import numpy as np

from harlib.radar.body import ABDUCTION, FLEXION, LEFT, LOWER, RIGHT, SHANK, THIGH, UPPER, Motion
from harlib.radar.gait import Setting, Times, crouch, stand, step_along
from harlib.radar.tempo import cycles, pulse, smooth_step, sway

GRAVITY_M_S2 = 9.81


def jogging(rng: np.random.Generator, time: Times, setting: Setting) -> Motion:
    """Runs past the radar, toward it and back, to and fro, or one way."""
    style = rng.choice(["pass", "turn", "shuttle", "arrive", "leave"], p=[0.3, 0.35, 0.15, 0.1, 0.1])
    motion = stand(rng, time, setting)
    cruise = rng.uniform(1.4, 2.7) * setting.tempo**0.5
    total = setting.duration_s
    start, end = setting.span_s
    if style == "leave":
        start = min(max(start, rng.uniform(0.2, 0.5) * total), end - 3.0)
    elif style == "arrive":
        end = max(min(end, rng.uniform(0.5, 0.8) * total), start + 3.0)
    pace = smooth_step(time, start - 0.4, 0.8) - smooth_step(time, end - 0.4, 0.8)
    pace *= 1 + sway(rng, time, 0.05, (0.1, 0.5))
    sign = np.ones_like(time)  # +1 runs along the heading it begins with
    middle = rng.uniform(0.3, 0.7) * total
    if style in ("turn", "shuttle"):
        sign -= 2 * smooth_step(time, middle, rng.uniform(0.7, 1.6))
    if style == "shuttle":
        middle_again = middle + rng.uniform(2.5, 4.0)
        sign += 2 * smooth_step(time, middle_again, rng.uniform(0.7, 1.6))
    velocity = cruise * pace * sign
    along = np.concatenate([[0.0], np.cumsum((velocity[1:] + velocity[:-1]) / 2 * np.diff(time))])
    # Toward the radar, away from it, or across its view: an antenna sees nobody behind it.
    direction = np.pi + rng.uniform(-0.3, 0.3)
    nearest = np.array([setting.distance_m, 0.0])
    if style == "pass":
        direction += rng.choice([-1.0, 1.0]) * (np.pi / 2 - rng.uniform(0.0, 0.6))
        side = np.sign(np.sin(direction))
        nearest = setting.distance_m * side * np.array([np.sin(direction), -np.cos(direction)])
        along -= np.interp(middle, time, along)
    elif style == "leave":
        direction += np.pi
        along -= along.min()
    else:
        along -= along.max()
    heading = np.array([[np.cos(direction)], [np.sin(direction)]])
    motion.root[:2] += nearest[:, None] + heading * along - np.array([[setting.distance_m], [0.0]])
    motion.yaw[:] += direction - np.pi - setting.aspect_rad + np.pi * (1 - sign) / 2
    stride = rng.uniform(1.2, 1.5) * setting.tempo**0.5
    step_along(motion, time, np.abs(velocity), cruise, stride, setting, rng.uniform(), bent=1.0)
    return motion


def jumping(rng: np.random.Generator, time: Times, setting: Setting) -> Motion:
    """Hops, jumping jacks or jumps from a squat, in place."""
    style = rng.choice(["hop", "jack", "squat"], p=[0.5, 0.35, 0.15])
    motion = stand(rng, time, setting, shift_m=0.03)
    rate = {"hop": rng.uniform(1.3, 1.9), "jack": rng.uniform(0.8, 1.1), "squat": rng.uniform(0.7, 1.0)}[style]
    rate *= setting.tempo
    repeat = cycles(rng, time, setting.span_s, rate, jitter=0.05, spread=0.12)
    jumps = 2 if style == "jack" else 1
    aloft = rng.uniform(0.3, 0.5) if style != "squat" else rng.uniform(0.2, 0.35)
    rise = hop_height(repeat.phase * jumps, 1 / (rate * jumps), aloft) * repeat.size * setting.size
    motion.root[2] += np.maximum(rise, 0.0)
    crouch(motion, 0.04 * repeat.active + np.maximum(-rise, 0.0), setting.height_m)
    swing = 2 * np.pi * repeat.phase
    if style == "jack":
        spread = (1 - np.cos(swing)) / 2 * setting.size
        motion.arms[:, :, ABDUCTION] += rng.uniform(1.4, 2.4) * spread
        straddle = rng.uniform(0.25, 0.45) * spread
        motion.legs[:, :, ABDUCTION] += straddle
        motion.root[2] -= (THIGH + SHANK) * setting.height_m * (1 - np.cos(straddle))  # feet apart, hips lower
    else:
        motion.arms[:, :, FLEXION] += rng.uniform(0.05, 0.35) * setting.size * repeat.size * np.sin(swing)
        motion.arms[:, LOWER, FLEXION] += rng.uniform(0.3, 1.2) * repeat.active
        motion.legs[:, LOWER, FLEXION] -= rng.uniform(0.0, 1.5) * np.maximum(rise, 0.0)  # heels come up
    return motion


def hop_height(jumps: Times, period_s: float, aloft: float) -> Times:
    """Height of the hips over standing, in metres, for a count of jumps that rises with time.

    A jump is a half sine below standing, then a parabola; both have the take-off speed, so that the speed is steady.

    Args:
        jumps: jumps done so far.
        period_s: seconds a jump.
        aloft: share of the period off the floor.
    """
    part = jumps % 1.0
    contact = 1 - aloft
    takeoff = GRAVITY_M_S2 * aloft * period_s / 2
    dip = takeoff * contact * period_s / np.pi
    flown = (part - contact) * period_s
    return np.where(
        part < contact, -dip * np.sin(np.pi * part / contact), takeoff * flown - GRAVITY_M_S2 / 2 * flown**2
    )


def situp(rng: np.random.Generator, time: Times, setting: Setting) -> Motion:
    """Raises the trunk from the floor and lies back; knees bent, feet or head toward the radar."""
    motion = stand(rng, time, setting, shift_m=0.004)
    if rng.uniform() < 0.35:
        motion.yaw[:] += np.pi
    rate = rng.uniform(0.33, 0.48) * setting.tempo
    repeat = cycles(rng, time, setting.span_s, rate, jitter=0.08, spread=0.08)
    raised = (1 - np.cos(2 * np.pi * repeat.phase)) / 2
    curl = (1 - np.cos(2 * np.pi * (repeat.phase - 0.04 * np.sin(2 * np.pi * repeat.phase)))) / 2
    reach = rng.uniform(1.0, 1.5) * np.sqrt(setting.size) * repeat.size
    motion.root[2] = 0.1 + 0.02 * raised
    motion.root[0] += 0.03 * np.cos(motion.yaw) * raised
    motion.trunk[0, FLEXION] += -1.5 + reach * raised
    motion.trunk[1, FLEXION] += -1.5 + 1.15 * reach * curl
    arms = rng.choice(["crossed", "head", "forward"])
    upper, lower, out = {"crossed": (0.5, 2.1, -0.2), "head": (2.3, 3.6, 0.5), "forward": (1.2, 1.4, 0.0)}[arms]
    motion.arms[:, UPPER, FLEXION] += upper
    motion.arms[:, LOWER, FLEXION] += lower
    motion.arms[:, :, ABDUCTION] += out
    motion.legs[:, UPPER, FLEXION] += 2.2 + sway(rng, time, 0.02, (0.2, 1.0)) + 0.05 * raised
    motion.legs[:, LOWER, FLEXION] += 0.85 + sway(rng, time, 0.02, (0.2, 1.0)) - 0.04 * raised
    return motion


def waving(rng: np.random.Generator, time: Times, setting: Setting) -> Motion:
    """Waves a forearm, an arm or both arms; the body leans and shifts with it."""
    style = rng.choice(["hand", "arm", "both"], p=[0.35, 0.35, 0.3])
    motion = stand(rng, time, setting, shift_m=rng.uniform(0.01, 0.05))
    sides = (LEFT, RIGHT) if style == "both" else (int(rng.integers(2)),)
    rate = (rng.uniform(1.1, 1.8) if style == "hand" else rng.uniform(0.55, 1.1)) * setting.tempo
    repeat = cycles(rng, time, setting.span_s, rate, jitter=0.18, spread=0.3)
    for side in sides:
        lag = rng.uniform(-0.1, 0.1) if style == "both" else 0.0
        wave = repeat.size * setting.size * np.sin(2 * np.pi * (repeat.phase + lag * repeat.active))
        plane = rng.choice([-1.0, 1.0]) * rng.uniform(0.2, 1.4)  # 0 waves across, pi/2 to and fro
        width = rng.uniform(0.5, 0.9) if style == "hand" else rng.uniform(0.6, 1.0)
        lift = (rng.uniform(0.8, 1.5) if style == "hand" else rng.uniform(2.0, 2.6)) * repeat.active
        motion.arms[side, UPPER, ABDUCTION] += lift
        motion.arms[side, LOWER, ABDUCTION] += rng.uniform(2.2, 2.8) * repeat.active
        share = 0.15 if style == "hand" else 0.9
        for segment, part in ((UPPER, share), (LOWER, 1.0)):
            motion.arms[side, segment, ABDUCTION] += part * width * np.cos(plane) * wave
            motion.arms[side, segment, FLEXION] += part * width * np.sin(plane) * wave
        motion.trunk[:, ABDUCTION] += rng.uniform(0.0, 0.03) * wave
    for _ in range(rng.integers(2, 6)):
        lean(rng, time, motion, setting.span_s, rng.uniform(0.05, 0.45))
    return motion


def lean(rng: np.random.Generator, time: Times, motion: Motion, span_s: tuple[float, float], angle: float) -> None:
    """Bend the trunk by `angle` radians somewhere in the span and come back, forward or back and a little sideways."""
    duration, first = rng.uniform(1.2, 2.6), max(span_s[0], -1.0)
    moved = pulse(time, rng.uniform(first, max(first, min(span_s[1], time[-1]) - 0.5)), duration)
    forward = angle * rng.choice([-0.5, 1.0]) * moved
    motion.trunk[:, FLEXION] += forward
    motion.trunk[1, FLEXION] += 0.3 * forward
    motion.trunk[:, ABDUCTION] += rng.uniform(-0.5, 0.5) * angle * moved


def other(rng: np.random.Generator, time: Times, setting: Setting) -> Motion:
    """Stands or sits; in some recordings also shifts, bends, gestures, sits down or strolls."""
    motion = stand(rng, time, setting)
    if rng.uniform() >= setting.moving_share:
        if rng.uniform() < 0.4:
            sit(motion, np.full(time.size, 1.0), setting)
        if rng.uniform() < 0.5:
            lean(rng, time, motion, setting.span_s, rng.uniform(0.02, 0.08))
        return motion
    style = rng.choice(["shift", "bend", "gesture", "sit", "stroll"], p=[0.25, 0.2, 0.3, 0.1, 0.15])
    begin, end = max(setting.span_s[0], 0.0), min(setting.span_s[1], setting.duration_s)
    if style == "stroll":
        cruise = rng.uniform(0.5, 1.3) * setting.tempo
        stop = min(end, begin + rng.uniform(2.0, 5.0))
        speed = cruise * (smooth_step(time, begin, 0.8) - smooth_step(time, stop - 0.8, 0.8))
        along = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(time))])
        if rng.uniform() < 0.5:  # away; else toward, and ends where the others stand
            motion.yaw[:] += np.pi
        else:
            along -= along[-1]
        motion.root[:2] += np.stack([np.cos(motion.yaw), np.sin(motion.yaw)]) * along
        step_along(motion, time, speed, cruise, rng.uniform(0.8, 0.9) * cruise**0.5, setting, rng.uniform(), bent=0.0)
    elif style == "sit":
        sit(motion, smooth_step(time, rng.uniform(begin, end - 1.0), rng.uniform(1.2, 2.0)), setting)
    elif style == "bend":
        for _ in range(rng.integers(1, 3)):
            lean(rng, time, motion, setting.span_s, rng.uniform(0.5, 1.1) * setting.size)
    for _ in range(rng.integers(1, 4)):
        moved = pulse(time, rng.uniform(begin - 0.5, end - 0.5), rng.uniform(1.2, 2.5))
        if style == "gesture":
            side = int(rng.integers(2))
            motion.arms[side, UPPER, FLEXION] += rng.uniform(0.3, 1.2) * setting.size * moved
            motion.arms[side, LOWER, FLEXION] += rng.uniform(0.8, 2.2) * setting.size * moved
        elif style == "shift":
            way = rng.uniform(0, 2 * np.pi)
            motion.root[:2] += rng.uniform(0.05, 0.25) * np.array([[np.cos(way)], [np.sin(way)]]) * moved
    return motion


def sit(motion: Motion, done: Times, setting: Setting) -> None:
    """Lower the hips onto a chair as `done` goes from 0 to 1; the feet stay in front of it."""
    angle = 1.45 * done
    drop = 0.245 * setting.height_m * (1 - np.cos(angle))
    motion.root[2] -= drop
    back = 0.245 * setting.height_m * np.sin(angle)
    motion.root[:2] -= back * np.stack([np.cos(motion.yaw), np.sin(motion.yaw)])
    motion.legs[:, UPPER, FLEXION] += angle
    motion.trunk[:, FLEXION] += 0.5 * np.sin(np.pi * done)
    motion.arms[:, UPPER, FLEXION] += 0.4 * done
    motion.arms[:, LOWER, FLEXION] += 0.9 * done


ACTIVITIES: dict[str, Callable[[np.random.Generator, Times, Setting], Motion]] = {
    "jogging": jogging,
    "jumping": jumping,
    "situp": situp,
    "waving": waving,
    "other": other,
}
