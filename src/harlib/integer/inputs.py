"""From a raw spectrogram to the codes at which every engine's contract starts."""

import numpy as np
from jaxtyping import Real, UInt8

from harlib.errors import HarlibError


def input_codes(raw: Real[np.ndarray, "..."], low: float, high: float) -> UInt8[np.ndarray, "..."]:
    """Bring raw values to codes: clip(floor((raw - low) * 255 / (high - low) + 1/2), 0, 255), in float64.

    Args:
        raw: finite log magnitudes in the unit of `low` and `high`, any shape.
        low: the raw value of code 0.
        high: the raw value of code 255, above `low`.

    Raises:
        HarlibError: a value is NaN or infinite.

    >>> input_codes(np.array([2470.0, 2500.0, 3380.0, 9999.0]), low=2470.0, high=3380.0)
    array([  0,   8, 255, 255], dtype=uint8)
    """
    values = np.asarray(raw, np.float64)
    if not np.isfinite(values).all():
        raise HarlibError("raw spectrogram: has NaN or infinite values; only finite numbers are allowed")
    codes = np.floor((values - low) * 255 / (high - low) + 0.5)
    return np.clip(codes, 0, 255).astype(np.uint8)
