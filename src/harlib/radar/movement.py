"""What a spectrogram, or the body behind it, tells about a movement: speeds, cadence, balance of the signs."""

import numpy as np
from jaxtyping import Float, Num

from harlib.radar.body import Place
from harlib.radar.spectrogram import BINS, UNITS_PER_DB

ABOVE_DB = 6.0
"""A cell counts as an echo from here above the floor: ten standard deviations of the published study's noise."""
LEAST_COLUMNS = 12
CADENCE_HZ = (0.3, 3.0)


def spectrogram_features(
    x: Num[np.ndarray, "64 columns"], row_m_s: float, column_s: float, floor: float | None = None
) -> dict[str, float]:
    """Four features of the columns in which somebody moves.

    Args:
        x: raw log magnitudes, UNITS_PER_DB a decibel; row 32 is 0 Hz, rows below approach.
        row_m_s: radial velocity a row.
        column_s: seconds a column.
        floor: raw value of the noise; None takes the lowest tenth's upper bound of these columns.

    Returns:
        bandwidth_m_s: half the distance between a column's outermost echoes, exceeded by a tenth of the columns;
        torso_m_s: speed of the power's median, where most of the body is, exceeded by a tenth of the columns;
        cadence_hz: strongest frequency of the columns' bandwidth within CADENCE_HZ, whose band the column rate may
        narrow; NaN below LEAST_COLUMNS;
        balance: (receding - approaching) / both in power, -1..1. The three rows about 0 Hz count for none.
        All are NaN if there is no echo.
    """
    level = x.astype(np.float64) - (np.quantile(x, 0.1) if floor is None else floor)
    velocity = (np.arange(BINS) - BINS // 2) * row_m_s
    power = np.where(level >= ABOVE_DB * UNITS_PER_DB, 10 ** (level / (10 * UNITS_PER_DB)), 0.0)
    power[BINS // 2 - 1 : BINS // 2 + 2] = 0
    moving = power.sum(axis=0) > 0
    names = ("bandwidth_m_s", "torso_m_s", "cadence_hz", "balance")
    if not moving.any():
        return dict.fromkeys(names, float("nan"))
    seen = power > 0
    highest = BINS - 1 - seen[::-1].argmax(axis=0)
    lowest = seen.argmax(axis=0)
    width = np.where(moving, (highest - lowest) / 2 * row_m_s, 0.0)
    share = np.cumsum(power, axis=0)[:, moving]
    median = velocity[(share >= share[-1] / 2).argmax(axis=0)]
    above, below = power[BINS // 2 :].sum(), power[: BINS // 2].sum()
    values = (
        np.quantile(width[moving], 0.9),
        np.quantile(np.abs(median), 0.9),
        cadence(width, column_s),
        (above - below) / (above + below),
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def cadence(series: Float[np.ndarray, " columns"], step_s: float) -> float:
    """Frequency in Hz at which a series repeats most strongly; NaN if it is too short or does not vary."""
    if series.size < LEAST_COLUMNS or np.ptp(series) < 1e-9:
        return float("nan")
    line = np.polynomial.Polynomial.fit(np.arange(series.size), series, 1)(np.arange(series.size))
    spectrum = np.abs(np.fft.rfft((series - line) * np.hanning(series.size), 4096))
    frequency = np.fft.rfftfreq(4096, step_s)
    # Two cycles must fit: one is a trend, not a repetition.
    inside = (frequency >= max(CADENCE_HZ[0], 2 / (series.size * step_s))) & (frequency <= CADENCE_HZ[1])
    return float(frequency[inside][spectrum[inside].argmax()])


def body_features(
    place: Place, time: Float[np.ndarray, " time"], span_s: tuple[float, float] | None = None
) -> dict[str, float]:
    """Speeds of the body itself, seen from nowhere in particular.

    Args:
        place: segments over time.
        time: seconds, evenly spaced.
        span_s: first and last second that count; None takes all.

    Returns:
        hand_m_s and ankle_m_s: speed of the faster wrist and ankle, exceeded in a twentieth of the time;
        bounce_m: range of the hips' height, its outermost twentieths left out;
        step_hz: cadence of the hips' height.
    """
    inside = np.ones_like(time, dtype=bool) if span_s is None else (time >= span_s[0]) & (time <= span_s[1])
    step = time[1] - time[0]

    def speed(segment: str) -> Float[np.ndarray, " time"]:
        ends = (place[f"{side} {segment}"][1][:, inside] for side in ("left", "right"))
        return np.asarray(np.max([np.linalg.norm(np.gradient(end, step, axis=1), axis=0) for end in ends], axis=0))

    hips = place["lower trunk"][0][2][inside]
    low, high = np.quantile(hips, [0.05, 0.95])
    return {
        "hand_m_s": float(np.quantile(speed("forearm"), 0.95)),
        "ankle_m_s": float(np.quantile(speed("shank"), 0.95)),
        "bounce_m": float(high - low),
        "step_hz": cadence(hips, step),
    }
