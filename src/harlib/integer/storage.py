"""Ternary weights in few bytes: four codes with their decoders, and the entropy that no such code beats on average.

Each takes a layer's weights in C order to bytes and back; the decoder knows their number from the layer's shape. The
engines of this study read the first; the others show what zeros could save.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8, UInt8

from harlib.errors import HarlibError
from harlib.integer.c import packing

Weights = Int8[np.ndarray, " n"]
Bits = UInt8[np.ndarray, " bits"]
_POWERS = 3 ** np.arange(5)
_WIDEST = 7  # bits of a run's remainder


def entropy(weights: Int8[np.ndarray, "..."]) -> float:
    """Bits a weight that codes of independent weights need at least on average (Shannon 1948): -sum p log2 p.

    >>> round(entropy(np.array([0, 0, 1, -1], np.int8)), 3)
    1.5
    """
    share = np.unique(weights, return_counts=True)[1] / weights.size
    return float(-(share * np.log2(share)).sum()) + 0.0


def pack_fives(weights: Weights) -> bytes:
    """Five weights a byte, as the digits w + 1 of a number in base 3: 3^5 = 243 fit into 256, 1.6 bits a weight.

    >>> list(pack_fives(np.array([1, -1, 0, 0, 1, 1], np.int8)))
    [200, 122]
    """
    digits = np.pad(weights + 1, (0, -len(weights) % 5), constant_values=1).reshape(-1, 5)
    return (digits @ _POWERS).astype(np.uint8).tobytes()


def unpack_fives(packed: bytes, count: int) -> Weights:
    """Undo `pack_fives`."""
    codes = np.frombuffer(packed, np.uint8)
    weights: Weights = (codes[:, None] // _POWERS % 3).astype(np.int8).reshape(-1) - np.int8(1)
    if len(codes) != -(-count // 5) or (codes >= 3**5).any() or weights[count:].any():
        raise HarlibError(f"{len(codes)} bytes are no code of {count} weights, five in eight bits")
    return weights[:count]


def pack_bitmap(weights: Weights) -> bytes:
    """One bit a weight that says whether it is nonzero, then a sign bit for each that is: 2 - z bits at share z.

    >>> list(pack_bitmap(np.array([0, 1, 0, -1, 0, 0], np.int8)))  # 010100, then 0 for + and 1 for -
    [81]
    """
    return np.packbits(np.concatenate([weights != 0, weights[weights != 0] < 0])).tobytes()


def unpack_bitmap(packed: bytes, count: int) -> Weights:
    """Undo `pack_bitmap`."""
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))
    weights: Weights = bits[:count].astype(np.int8)
    end = count + int(weights.sum())
    if len(weights) < count or len(packed) != -(-end // 8) or bits[end:].any():
        raise HarlibError(f"{len(packed)} bytes are no bitmap of {count} weights")
    weights[weights == 1] -= 2 * bits[count:end].astype(np.int8)
    return weights


def pack_runs(weights: Weights) -> bytes:
    """The zeros before each nonzero weight as a number in a Rice code (Golomb 1966), then a sign bit.

    A run of g zeros is written as g div 2^k ones, a zero, and g mod 2^k in k bits. The first byte holds the k of 0..7
    that takes the fewest bits, and the last is filled up with ones, which begin no run that ends. With k = 0 the bits
    are those of the bitmap in another order.

    >>> list(pack_runs(np.array([0, 1, 0, -1, 0, 0], np.int8)))  # k = 0; 10 0, 10 1; the zeros at the end are implied
    [0, 151]
    """
    places = np.flatnonzero(weights)
    runs, signs = np.diff(places, prepend=-1) - 1, weights[places] < 0
    k = min(range(_WIDEST + 1), key=lambda width: int((runs >> width).sum()) + width * len(runs))
    bits: list[int] = []
    for run, sign in zip(runs.tolist(), signs.tolist(), strict=True):
        bits += [1] * (run >> k) + [0] + [run >> place & 1 for place in range(k)] + [int(sign)]
    bits += [1] * (-len(bits) % 8)
    return bytes([k]) + np.packbits(np.array(bits, np.uint8)).tobytes()


def unpack_runs(packed: bytes, count: int) -> Weights:
    """Undo `pack_runs`."""
    wrong = HarlibError(f"{len(packed)} bytes are no code of the runs of {count} weights")
    if not packed or packed[0] > _WIDEST:
        raise wrong
    k, bits = packed[0], np.unpackbits(np.frombuffer(packed[1:], np.uint8))
    weights: Weights = np.zeros(count, np.int8)
    place, at = -1, 0
    while not (rest := bits[at:]).all():
        ones = int(rest.argmin())
        run = ones << k | sum(int(bit) << i for i, bit in enumerate(rest[ones + 1 : ones + 1 + k]))
        place, at = place + run + 1, at + ones + k + 2
        if place >= count or at > len(bits):
            raise wrong
        weights[place] = 1 - 2 * int(bits[at - 1])
    if pack_runs(weights) != packed:
        raise wrong
    return weights


class Code(NamedTuple):
    """A way to store weights: to bytes, and back from bytes and the number of weights."""

    encode: Callable[[Weights], bytes]
    decode: Callable[[bytes, int], Weights]


CODES = {
    "2 bits each": Code(
        lambda weights: packing.pack(weights).tobytes(),
        lambda packed, count: packing.unpack(np.frombuffer(packed, np.uint8), (count,)),
    ),
    "5 in 8 bits": Code(pack_fives, unpack_fives),
    "bitmap": Code(pack_bitmap, unpack_bitmap),
    "runs of zeros": Code(pack_runs, unpack_runs),
}
