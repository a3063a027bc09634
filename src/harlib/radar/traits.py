"""Traits that the source's figure shows, one spectrogram a class, as questions that a picture of ours answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from harlib.radar import features

LIT_DB = 6.0
"""A cell is lit if it is this far over the picture's lowest tenth."""
COLUMNS, ZERO = 64, 32


@dataclass(frozen=True)
class Seen:
    """What the questions are asked about.

    Attributes:
        x: raw log magnitudes, Doppler by time; row 32 is zero.
        found: features of the picture.
        below, above: rows from zero to the outermost lit cell of each column on either side, 0 if none.
        centre: mean row of each column's lit power, from zero; 0 if none.
    """

    x: Float[np.ndarray, "64 64"]
    found: features.Features
    below: Float[np.ndarray, "64"]
    above: Float[np.ndarray, "64"]
    centre: Float[np.ndarray, "64"]


@dataclass(frozen=True)
class Trait:
    """A trait of a class in the source's figure, how it is counted, and whether a picture has it."""

    activity: str
    shows: str
    counted: str
    has: Callable[[Seen], bool]


def see(x: Num[np.ndarray, "64 64"], units_per_db: float = 20.0) -> Seen:
    """Measure a picture once for all questions.

    Args:
        x: raw log magnitudes, Doppler by time, row 32 is zero.
        units_per_db: raw units a decibel.
    """
    raw = x.astype(np.float64)
    level = (raw - np.quantile(raw, 0.1)) / units_per_db
    rows = np.arange(64.0)[:, None] - ZERO
    lit = level > LIT_DB
    power = np.where(lit, 10 ** (level / 10), 0.0)
    reach = np.where(lit, rows, 0.0)
    centre = (power * rows).sum(axis=0) / np.maximum(power.sum(axis=0), 1e-9)
    return Seen(raw, features.measure(x, units_per_db), -reach.min(axis=0), reach.max(axis=0), centre)


def period(signal: Float[np.ndarray, "64"]) -> float:
    """Strongest period of a value a column, in columns, from 2.5 (harmonics count for none) to half the picture.

    >>> round(period(np.sin(2 * np.pi * np.arange(64) / 4.0)), 1)
    4.0
    """
    frequency = np.fft.rfftfreq(512)
    strength = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(COLUMNS), 512))
    strength[(frequency < 2 / COLUMNS) | (frequency > 0.4)] = 0
    return float(1 / frequency[strength.argmax()]) if strength.any() else float("nan")


def _notch(seen: Seen) -> bool:
    before, at, after = seen.x[ZERO - 1 : ZERO + 2].mean(axis=1)
    return bool(at < min(before, after))


def _both_signs(seen: Seen) -> bool:
    return bool(min((seen.centre > 1).mean(), (seen.centre < -1).mean()) >= 0.2)


def _spikes(seen: Seen) -> bool:
    return bool(min(np.quantile(seen.below, 0.9), np.quantile(seen.above, 0.9)) >= 8)


TRAITS = (
    Trait(
        "all", "noise floor near 2,470", "within 100 units of it", lambda s: abs(features.floor(s.x)[0] - 2470) < 100
    ),
    Trait("all", "row 32 dark between bright rows 31 and 33", "its mean is below both", _notch),
    Trait("jogging", "band filled from zero to the torso's line", "fill of 0.7 or more", lambda s: s.found.fill >= 0.7),
    Trait(
        "jogging",
        "a sweep through zero in about five columns",
        "the torso's line changes sides in 8 or fewer",
        lambda s: features.sweep_columns(features.torso_line(s.x)) <= 8,
    ),
    Trait("jogging", "reaches the edge of the band", "31 rows or more", lambda s: s.found.extent_rows >= 31),
    Trait("jumping", "narrow spikes of both signs", "8 rows or more on both sides", _spikes),
    Trait(
        "jumping",
        "a spike every four columns or so",
        "a period of 3 to 6 columns",
        lambda s: 3 <= period(s.above + s.below) <= 6,
    ),
    Trait("jumping", "spikes blur into each other", "smoothness of 0.3 or more", lambda s: s.found.smoothness >= 0.3),
    Trait(
        "situp",
        "four to five slow cycles",
        "3.5 to 5.5 cycles a recording",
        lambda s: 3.5 <= COLUMNS / period(s.centre) <= 5.5,
    ),
    Trait("situp", "lobes that alternate in sign", "a fifth of the columns or more on each side", _both_signs),
    Trait("situp", "lobes that reach about 15 rows", "10 to 20 rows", lambda s: 10 <= s.found.extent_rows <= 20),
    Trait("situp", "thick lobes", "13 lit rows a column or more", lambda s: s.found.thickness_rows >= 13),
    Trait("waving", "faint streaks over the whole band", "27 rows or more", lambda s: s.found.extent_rows >= 27),
    Trait("other", "little more than the body's line", "5 rows or fewer", lambda s: s.found.extent_rows <= 5),
)


def shares(x: Num[np.ndarray, "n 64 64"], activity: str, units_per_db: float = 20.0) -> dict[str, float]:
    """Share of pictures, 0..1, that have each trait of a class and of all classes, by what it shows.

    Args:
        x: pictures of one class.
        activity: its name.
        units_per_db: raw units a decibel.
    """
    seen = [see(picture, units_per_db) for picture in x]
    asked = [trait for trait in TRAITS if trait.activity in ("all", activity)]
    return {trait.shows: float(np.mean([trait.has(one) for one in seen])) for trait in asked}
