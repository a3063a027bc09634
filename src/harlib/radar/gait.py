"""Standing, walking and running: the stance and the gait that the activities build on."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harlib.radar.body import ABDUCTION, FLEXION, HIP_HEIGHT, LEFT, LOWER, RIGHT, SHANK, THIGH, UPPER, Motion
from harlib.radar.tempo import sway

Times = Float[np.ndarray, " time"]


@dataclass(frozen=True)
class Setting:
    """What was drawn for a recording before the movement itself.

    Attributes:
        height_m: the person's standing height.
        tempo: the person's pace relative to others, about 1.
        size: the person's amplitude relative to others, about 1.
        distance_m: from the radar along the floor; for someone who runs, the nearest approach.
        aspect_rad: how far the person faces away from the radar; 0 faces it.
        span_s: when the activity goes on; may reach beyond the recording.
        duration_s: length of the recording.
        moving_share: share of "other" recordings with some movement beyond standing or sitting.
    """

    height_m: float
    tempo: float
    size: float
    distance_m: float
    aspect_rad: float
    span_s: tuple[float, float]
    duration_s: float
    moving_share: float


def stand(rng: np.random.Generator, time: Times, setting: Setting, shift_m: float = 0.008) -> Motion:
    """A person who stands and sways; its arrays are fresh, and an activity changes them in place.

    Args:
        rng: source of the draws.
        time: seconds.
        setting: where and who.
        shift_m: rms of the hips' slow wander; 8 mm is quiet standing.
    """
    count = time.size
    root = np.stack([
        setting.distance_m + sway(rng, time, shift_m, (0.1, 0.7)),
        sway(rng, time, shift_m, (0.1, 0.7)),
        np.full(count, HIP_HEIGHT * setting.height_m),
    ])  # fmt: skip
    yaw = np.pi + setting.aspect_rad + sway(rng, time, 0.02, (0.1, 0.5))
    trunk = np.zeros((2, 2, count))
    trunk[:, FLEXION] = 0.04 + sway(rng, time, 0.012, (0.15, 0.8))
    trunk[:, ABDUCTION] = sway(rng, time, 0.010, (0.15, 0.8))
    trunk[1, FLEXION] += 0.008 * np.sin(2 * np.pi * (rng.uniform(0.2, 0.35) * time + rng.uniform()))  # breathing
    arms = np.zeros((2, 2, 2, count))
    for side in (LEFT, RIGHT):
        arms[side, :, FLEXION] = sway(rng, time, 0.04, (0.15, 1.2))
        arms[side, :, ABDUCTION] = rng.uniform(0.08, 0.25)
        arms[side, LOWER, FLEXION] += rng.uniform(0.1, 0.5)
    return Motion(root, yaw, trunk, arms, np.zeros((2, 2, 2, count)))


def crouch(motion: Motion, dip_m: Times, height_m: float) -> None:
    """Lower the hips by `dip_m` over feet that stay where they are: knees bend forward, the trunk leans to balance.

    Straight knees would bend infinitely fast at first: whoever is about to move keeps a few centimetres of dip.
    """
    leg = (THIGH + SHANK) * height_m
    bend = np.arccos(np.clip(1 - np.maximum(dip_m, 0.0) / leg, 0.0, 1.0))
    motion.root[2] -= dip_m
    motion.legs[:, UPPER, FLEXION] += bend
    motion.legs[:, LOWER, FLEXION] -= bend
    motion.trunk[:, FLEXION] += 0.45 * bend


def step_along(
    motion: Motion,
    time: Times,
    speed_m_s: Times,
    cruise_m_s: float,
    stride_hz: float,
    setting: Setting,
    start_phase: float,
    bent: float,
) -> None:
    """Swing legs and arms for a walk or a run at a speed that may vary; positions and heading are not touched.

    The hips' swing follows from the speed: a leg of length L that sweeps back at `speed / L` leaves the foot that bears
    the weight at rest on the floor. This is what fills the spectrogram between zero and the trunk's line.

    Args:
        motion: changed in place.
        time: seconds.
        speed_m_s: over the ground, never negative.
        cruise_m_s: the speed that counts as full effort.
        stride_hz: strides (two steps) a second at that speed.
        setting: the person.
        start_phase: where in the stride the recording begins, 0..1.
        bent: 0 walks with long arms and nearly straight knees .. 1 runs with bent ones.
    """  # fmt: skip
    effort = np.clip(speed_m_s / cruise_m_s, 0.0, 1.0)
    rate = stride_hz * (0.4 + 0.6 * effort)
    phase = start_phase + np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(time))])
    leg = (THIGH + SHANK) * setting.height_m
    slow = np.sqrt(np.clip(speed_m_s / 1.2, 0.0, 1.0))  # who strolls lifts the feet less
    swing = np.minimum(speed_m_s / (2 * np.pi * rate * leg), 0.75)
    for side in (LEFT, RIGHT):
        turn = 2 * np.pi * (phase + (0.5 if side == RIGHT else 0.0))
        hip = 0.15 * bent * effort + swing * np.cos(turn)
        lift = ((1 + np.cos(turn - 1.4 * np.pi)) / 2) ** 2  # the knee folds most when the leg starts to swing forward
        knee = effort * (0.1 + 0.2 * bent + (0.8 + 0.4 * bent) * slow * setting.size * lift)
        motion.legs[side, UPPER, FLEXION] += hip
        motion.legs[side, LOWER, FLEXION] += hip - knee
        arm = -(0.3 + 0.4 * bent) * setting.size * effort * np.cos(turn)
        motion.arms[side, UPPER, FLEXION] += arm
        motion.arms[side, LOWER, FLEXION] += arm + (0.1 + 1.3 * bent) * effort
    motion.root[2] += effort * (0.03 + 0.025 * bent) * setting.size * (np.cos(4 * np.pi * phase) - 1)
    motion.trunk[:, FLEXION] += (0.04 + 0.1 * bent) * effort
    motion.trunk[1, ABDUCTION] += 0.05 * effort * np.cos(2 * np.pi * phase)
    # Each step brakes and drives, and the trunk turns with it: its line is a band of several rows, not a thin line.
    ahead = np.stack([np.cos(motion.yaw), np.sin(motion.yaw)])
    motion.root[:2] += (0.006 + 0.008 * bent) * effort * np.sin(4 * np.pi * phase) * ahead
    motion.yaw[:] += (0.05 + 0.07 * bent) * effort * np.sin(2 * np.pi * phase)
