"""`harlib predict`: raw spectrograms to classes with an integer model; NumPy alone."""

import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Real

from harlib.errors import HarlibError
from harlib.integer import model as model_file
from harlib.integer import oracle
from harlib.integer.inputs import input_codes

LIMIT = 2**30  # bytes


def read_spectrograms(path: Path) -> Real[np.ndarray, "n 64 64"]:
    """Raw log magnitudes of a .npy file, [n, 64, 64] or [64, 64].

    Raises:
        HarlibError: missing, too large, no .npy, no plain numbers, another shape.
    """
    try:
        if path.stat().st_size > LIMIT:
            raise HarlibError(f"{path}: above {LIMIT} bytes; split it")
        x = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile) as error:
        if isinstance(error, HarlibError):
            raise
        raise HarlibError(f"{path} is no readable .npy file ({error})") from None
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "iuf":
        raise HarlibError(f"{path}: expected one array of real numbers saved by numpy.save")
    if x.shape[-2:] != (64, 64) or x.ndim not in (2, 3):
        raise HarlibError(f"{path}: shape {x.shape}, expected [n, 64, 64] or [64, 64] (Doppler by time)")
    return x.reshape(-1, 64, 64)


def predict_file(model_path: Path, input_path: Path) -> list[str]:
    """Print and return a class name a spectrogram."""
    model = model_file.load(model_path)
    codes = input_codes(read_spectrograms(input_path), model.input.low, model.input.high)
    names = [model.classes[label] for label in oracle.predict(model, codes)]
    print("\n".join(names))
    return names
