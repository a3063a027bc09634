"""Timing shared by the activities: repeated cycles with human jitter, smooth steps, slow sway."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator


@dataclass(frozen=True)
class Cycles:
    """Repetitions of a movement.

    Attributes:
        phase: number of cycles done so far, never falling; whole numbers are the rest pose.
        size: relative amplitude, about 1, drawn anew every cycle.
        active: 1 while the movement goes on, 0 before and after.
    """

    phase: Float[np.ndarray, " time"]
    size: Float[np.ndarray, " time"]
    active: Float[np.ndarray, " time"]


def cycles(
    rng: np.random.Generator,
    time: Float[np.ndarray, " time"],
    span: tuple[float, float],
    rate_hz: float,
    jitter: float,
    spread: float,
) -> Cycles:
    """Whole cycles that begin at span[0] and end near span[1]; what lies beyond `time` is not seen.

    Starting and stopping change the tempo, never the angle: an envelope times an angle would jerk the body.

    Args:
        rng: source of the draws.
        time: seconds.
        span: seconds at which the first cycle begins and, about, the last one ends.
        rate_hz: mean cycles a second.
        jitter: relative standard deviation of a cycle's duration.
        spread: relative standard deviation of a cycle's size.
    """
    count = max(1, round((span[1] - span[0]) * rate_hz))
    durations = np.exp(jitter * rng.standard_normal(count)) / rate_hz
    sizes = np.exp(spread * rng.standard_normal(count))
    ends = span[0] + np.concatenate([[0.0], np.cumsum(durations)])
    knots = np.concatenate([[ends[0] - 100.0], ends, [ends[-1] + 100.0]])
    done = np.concatenate([[0.0], np.arange(count + 1), [count]])
    phase = PchipInterpolator(knots, done)(time)
    middles = (ends[1:] + ends[:-1]) / 2
    size = np.interp(time, middles, sizes)
    active = smooth_step(time, ends[0] - 0.5, 0.6) - smooth_step(time, ends[-1] - 0.1, 0.6)
    return Cycles(phase, size, active)


def smooth_step(time: Float[np.ndarray, " time"], start_s: float, duration_s: float) -> Float[np.ndarray, " time"]:
    """0 before `start_s`, 1 after `duration_s` more, with no jump in speed or acceleration (minimum jerk)."""
    u = np.clip((time - start_s) / duration_s, 0.0, 1.0)
    return np.asarray(u**3 * (10 - 15 * u + 6 * u**2))


def pulse(time: Float[np.ndarray, " time"], start_s: float, duration_s: float) -> Float[np.ndarray, " time"]:
    """A movement there and back, 0 to 1 to 0, over `duration_s`."""
    half = duration_s / 2
    return np.asarray(smooth_step(time, start_s, half) - smooth_step(time, start_s + half, half))


def sway(
    rng: np.random.Generator, time: Float[np.ndarray, " time"], rms: float, band_hz: tuple[float, float]
) -> Float[np.ndarray, " time"]:
    """Irregular slow motion: six sinusoids of random phase in a band, falling as 1 / f, with the given rms."""
    frequency = np.exp(rng.uniform(np.log(band_hz[0]), np.log(band_hz[1]), 6))
    weight = 1 / frequency
    weight *= rms * np.sqrt(2 / (weight**2).sum())
    angle = 2 * np.pi * frequency[:, None] * time + rng.uniform(0, 2 * np.pi, (6, 1))
    result: Float[np.ndarray, " time"] = weight @ np.sin(angle.astype(np.float32))
    return result
