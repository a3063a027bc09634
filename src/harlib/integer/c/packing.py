"""Ternary weights at 2 bits: 00 = 0, 01 = +1, 11 = -1; weight i in bits 2 (i mod 4) of byte i div 4."""

import numpy as np
from jaxtyping import Int8, UInt8

from harlib.errors import HarlibError


def pack(weight: Int8[np.ndarray, "..."]) -> UInt8[np.ndarray, " bytes"]:
    """Pack a layer's weights in C order, [out][in / groups][h][w]; unused bits of the last byte are 0.

    >>> pack(np.array([1, -1, 0, 1, -1], np.int8))
    array([77,  3], dtype=uint8)
    """
    codes = (weight.reshape(-1) & 3).astype(np.uint8)
    codes = np.pad(codes, (0, -len(codes) % 4)).reshape(-1, 4)
    packed: UInt8[np.ndarray, " bytes"] = codes[:, 0] | codes[:, 1] << 2 | codes[:, 2] << 4 | codes[:, 3] << 6
    return packed


def unpack(packed: UInt8[np.ndarray, " bytes"], shape: tuple[int, ...]) -> Int8[np.ndarray, "..."]:
    """Undo `pack`.

    Args:
        packed: a layer's bytes.
        shape: of its weights.

    Raises:
        HarlibError: another number of bytes than the shape needs, the code 10, or unused bits that are not 0.
    """
    count = int(np.prod(shape))
    if len(packed) != -(-count // 4):
        raise HarlibError(f"packed weights: {len(packed)} bytes; {list(shape)} needs {-(-count // 4)}")
    codes = (packed[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).reshape(-1)
    if (codes == 2).any() or codes[count:].any():
        raise HarlibError("packed weights: hold the code 10, or bits after the last weight; only 00, 01 and 11 stand")
    weights: Int8[np.ndarray, ...] = np.array([0, 1, 0, -1], np.int8)[codes[:count]].reshape(shape)
    return weights
