"""What can be measured in a picture: the torso's line, and traits that tell how filled, thick and smooth it is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Num

TILE = 8
LIT_DB = 3.0
"""A cell is lit if it is this far over the picture's floor."""
NOTCH = 2
"""Rows on either side of zero that the notch and the standing body fill."""


@dataclass(frozen=True)
class Features:
    """Traits of one spectrogram.

    Attributes:
        extent_rows: how far from zero the lit cells reach in the fastest tenth of the columns, rows.
        fill: mean level between zero and the torso's line over the level on it (both in dB over the floor), in columns
            whose line is at least 6 rows out; nan if there are none.
        thickness_rows: lit cells of a column outside the notch, mean over columns that have any, rows; 0 if none has.
        smoothness: correlation of a column with the next, once each row's mean over time is taken off.
        range_db: strongest cell over the floor, dB.
        floor_sd: standard deviation within the quietest tile of 8 x 8 cells, raw units.
    """

    extent_rows: float
    fill: float
    thickness_rows: float
    smoothness: float
    range_db: float
    floor_sd: float


def floor(x: Num[np.ndarray, "64 64"]) -> tuple[float, float]:
    """Mean and standard deviation of the quietest tile of 8 x 8 cells, raw units."""
    tiles = x.astype(np.float64).reshape(64 // TILE, TILE, 64 // TILE, TILE).swapaxes(1, 2).reshape(-1, TILE * TILE)
    quietest = tiles[tiles.mean(axis=1).argmin()]
    return float(quietest.mean()), float(quietest.std())


def torso_line(x: Num[np.ndarray, "64 64"], units_per_db: float = 20.0) -> Int[np.ndarray, "64"]:
    """Row of the strongest line in every column, averaged over three columns; 32 where only the notch is lit.

    Args:
        x: raw log magnitudes, Doppler by time, row 32 is zero.
        units_per_db: raw units a decibel.
    """
    level = (x.astype(np.float64) - floor(x)[0]) / units_per_db
    padded = np.pad(level, ((0, 0), (1, 1)), mode="edge")
    level = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1).mean(axis=-1)
    level[32 - NOTCH : 33 + NOTCH] = 0
    return np.where(level.max(axis=0) > LIT_DB, level.argmax(axis=0), 32)


def sweep_columns(line: Int[np.ndarray, "64"], rows: int = 6) -> float:
    """Columns that the torso's line takes from one side of zero to the other; of the fastest sweep, if there are more.

    Args:
        line: as `torso_line` gives it.
        rows: distance from zero at which a side counts as reached.

    Returns:
        whole columns; nan if the line stays on one side.

    >>> sweep_columns(np.repeat([20, 32, 50], [30, 4, 30]))
    5.0
    """
    side = np.where(np.abs(line - 32) >= rows, np.sign(line - 32), 0)
    at = np.flatnonzero(side)
    crossed = np.diff(side[at]) != 0
    return float(np.diff(at)[crossed].min()) if crossed.any() else float("nan")


def measure(x: Num[np.ndarray, "64 64"], units_per_db: float = 20.0) -> Features:
    """Measure a picture.

    Args:
        x: raw log magnitudes, Doppler by time, row 32 is zero.
        units_per_db: raw units a decibel.
    """
    mean, spread = floor(x)
    level = (x.astype(np.float64) - mean) / units_per_db
    rows = np.abs(np.arange(64) - 32)
    lit = level > max(LIT_DB, 4 * spread / units_per_db)
    outside = lit & (rows > NOTCH)[:, None]
    counts = outside.sum(axis=0)
    return Features(
        extent_rows=float(np.quantile((lit * rows[:, None]).max(axis=0), 0.9)),
        fill=_fill(level, torso_line(x, units_per_db)),
        thickness_rows=float(counts[counts > 0].mean()) if counts.any() else 0.0,
        smoothness=_smoothness(level),
        range_db=float(level.max()),
        floor_sd=spread,
    )


def _fill(level: Float[np.ndarray, "64 64"], line: Int[np.ndarray, "64"]) -> float:
    shares = []
    for column, row in enumerate(line):
        if abs(row - 32) >= 6:
            inner = level[row + 2 : 32 - NOTCH, column] if row < 32 else level[33 + NOTCH : row - 1, column]
            shares.append(inner.mean() / max(level[row, column], LIT_DB))
    return float(np.mean(shares)) if shares else float("nan")


def _smoothness(level: Float[np.ndarray, "64 64"]) -> float:
    changing = level - level.mean(axis=1, keepdims=True)
    one, next_one = changing[:, :-1], changing[:, 1:]
    return float((one * next_one).sum() / np.sqrt((one**2).sum() * (next_one**2).sum()))
