"""Spectrograms that were saved as pictures: PNG and JPEG, as shades of grey."""

import io
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

from harlib.errors import HarlibError
from harlib.importing.limits import check_bytes, check_shape


def read(path: Path) -> Float[np.ndarray, "rows columns"]:
    """The shades of a picture: 0..255, or 0..65535 of a PNG with 16 bits; colours by luminance, transparency ignored.

    Raises:
        HarlibError: no PNG or JPEG, too large, or truncated.
    """
    check_bytes(path)
    try:
        # From memory: from a file, Pillow takes as many bytes as a chunk says that it has, before it reads them.
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG", "JPEG")) as image:
            check_shape(path, (image.height, image.width))
            grey = image if image.mode in ("I;16", "I") else image.convert("L")
            return np.asarray(grey).astype(np.float64)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise HarlibError(f"{path} is no readable PNG or JPEG file ({error}): save it again") from None
