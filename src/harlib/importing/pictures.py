"""One file to pictures of 64 x 64, whatever it holds: spectrograms or I/Q samples."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from harlib.errors import HarlibError
from harlib.importing import iq, reading, resample

LARGEST = 1e30
"""Size of a value above which sums might leave the range of float64."""


def load(path: Path, form: iq.IqFormat | None = None, transpose: bool = False) -> Float[np.ndarray, "n 64 64"]:
    """The pictures of a file, Doppler by time.

    Args:
        path: of any format that `reading` knows.
        form: given if the file holds I/Q samples.
        transpose: spectrograms are time by Doppler.

    Raises:
        HarlibError: unreadable, a shape that fits neither, or values that are not finite.
    """
    return convert(path, reading.read(path), form, transpose)


def convert(
    path: Path, values: Shaped[np.ndarray, "..."], form: iq.IqFormat | None, transpose: bool
) -> Float[np.ndarray, "n 64 64"]:
    """The same of an array that was read from `path`."""
    if form is not None:
        return iq.pictures(path, values, form)
    if values.dtype.kind == "c":
        raise HarlibError(f"{path} holds complex samples: say with --iq FILE.yml what carrier and pulse rate they have")
    if values.ndim not in (2, 3) or min(values.shape[-2:]) < 2:
        raise HarlibError(f"{path}: shape {values.shape}: expected [rows, columns] or [n, rows, columns]")
    stack = values[None] if values.ndim == 2 else values
    # One picture at a time: whole numbers of one or two bytes would take eight times their memory.
    found = np.empty((len(stack), resample.SIZE, resample.SIZE))
    for at, picture in enumerate(stack):
        if not np.isfinite(picture).all():
            bad = int((~np.isfinite(picture)).sum())
            raise HarlibError(f"{path}: spectrogram {at} holds {bad} NaN or infinite values: repair or remove it")
        if np.abs(picture).max() > LARGEST:
            raise HarlibError(f"{path}: spectrogram {at} holds values beyond {LARGEST:g}: rescale or repair it")
        turned = picture.T if transpose else picture
        found[at] = resample.to_64(turned.astype(np.float64)[None])[0]
    return found
