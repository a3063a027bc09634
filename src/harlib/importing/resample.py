"""Spectrograms of any size to 64 x 64 by area averaging."""

import numpy as np
from jaxtyping import Float

SIZE = 64


def overlaps(cells: int, size: int = SIZE) -> Float[np.ndarray, "size cells"]:
    """Weights that average `cells` equal cells to `size` equal ones over the same length, each by its overlap.

    Every row adds up to 1, and so does every column times size / cells: mean and range are kept, and a fine pattern
    is averaged away rather than aliased.

    >>> overlaps(3, 2).round(3)
    array([[0.667, 0.333, 0.   ],
           [0.   , 0.333, 0.667]])
    """
    new, old = np.arange(size)[:, None], np.arange(cells)[None]
    # In units of 1 / (size cells) all edges are whole numbers, so the overlaps are exact.
    common = np.minimum((new + 1) * cells, (old + 1) * size) - np.maximum(new * cells, old * size)
    return np.asarray(np.maximum(common, 0) / cells)


def to_64(pictures: Float[np.ndarray, "n rows columns"]) -> Float[np.ndarray, "n 64 64"]:
    """Average each picture over areas to 64 x 64; a picture that has this size stays as it is."""
    rows, columns = pictures.shape[1:]
    if rows != SIZE:
        pictures = overlaps(rows) @ pictures
    return pictures if columns == SIZE else np.asarray(pictures @ overlaps(columns).T)
