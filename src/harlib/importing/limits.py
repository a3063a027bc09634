"""How large an input may be, checked on what its header says, before memory is taken."""

import math
from collections.abc import Sequence
from pathlib import Path

from harlib.errors import HarlibError

MOST_VALUES = 2**27
"""Numbers in one array: 1 GiB as float64."""
MOST_BYTES = 2**30
"""Bytes in one file, and of what it unpacks to."""
MOST_TEXT = 2**26
"""Bytes of a .csv file."""
MOST_FILES = 100_000
MOST_SPECTROGRAMS = 20_000
"""Spectrograms in a data set: they are held at once, 655 MB as float64."""


def check_shape(path: Path, shape: Sequence[int], least: int = 1) -> None:
    """Refuse an array that is too large, has fewer than `least` values, or an odd rank."""
    if math.prod(shape) > MOST_VALUES or any(size < 0 for size in shape):
        raise HarlibError(f"{path}: shape {tuple(shape)} is above {MOST_VALUES:,} values: split it into several files")
    if math.prod(shape) < least or len(shape) > 4:
        raise HarlibError(f"{path}: shape {tuple(shape)}: expected [rows, columns] or [n, rows, columns]")


def check_bytes(path: Path, most: int = MOST_BYTES) -> None:
    """Refuse a file that is missing, no plain file, or too large."""
    if not path.is_file():
        raise HarlibError(f"{path} is no file: give a file that exists")
    if path.stat().st_size > most:
        raise HarlibError(f"{path}: {path.stat().st_size:,} bytes are above {most:,}: split it into several files")
