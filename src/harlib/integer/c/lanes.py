"""What the lanes of a word may hold, and how they are brought to codes: proofs, channel by channel.

A sum of two lanes may pass through any value on its way: only its end must lie in 0..65535 in each lane, since
arithmetic modulo 2^32 is exact.

A code is clamp((u * multiplier + constant) >> shift), where u is what the sum gives for a pixel. Cores of 32 bits with
signal instructions multiply halves of words, if multipliers have 15 bits. The format's may have more. But u lies in a
proven interval of some thousand integers, and any line is right that gives each of them its code. For a multiplier,
the constants that do so are an interval, which is found exactly.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from harlib.integer.c.plan import INT16, INT32, Channel, Plan
from harlib.integer.requantize import requantize

LANE = 2**16 - 1
SPREAD = 8  # multipliers that are tried on either side of the nearest
Line = tuple[int, int, int]  # multiplier, constant, shift


@dataclass(frozen=True)
class Lanes:
    """How a channel is computed."""

    start: int  # of the sum
    multiplier: int
    constant: int
    shift: int
    together: bool  # both lanes in one word: proven that u stays in 0..65535
    short: bool  # u and the multiplier are below 2^15, and all fits 32 bits
    wide: bool  # u * multiplier + constant needs 64 bits, or their shift
    floor: bool  # a code can be below the lower clamp
    ceiling: bool  # a code can be above the upper clamp

    @property
    def doublings(self) -> int:
        """The exponent of a multiplier that is a power of two."""
        return self.multiplier.bit_length() - 1


def lane_methods(numbers: Plan) -> list[list[Lanes]]:
    """How each convolution's channels can be computed."""
    methods, codes = [], (0, 255)
    for stage in numbers.convolutions:
        layer = stage.layer
        assert layer is not None
        reach = (min(codes[0], stage.zero_point), max(codes[1], stage.zero_point))
        methods.append([lanes(channel, reach, layer.output_zero_point, layer.clamp) for channel in stage.constants])
        codes = layer.clamp
    return methods


def lanes(channel: Channel, codes: tuple[int, int], zero_point: int, clamp: tuple[int, int]) -> Lanes:
    """Prove how a channel can be computed.

    Args:
        channel: of a plan.
        codes: the lowest and the highest input code, padding included. Any mixture of them and padding is covered, so
            also a lane beyond the map, whose result nobody reads.
        zero_point, clamp: of the layer's output.
    """
    positive = sum(sign > 0 for sign, *_ in channel.terms)
    negative = len(channel.terms) - positive
    lower = positive * codes[0] - negative * codes[1]
    upper = positive * codes[1] - negative * codes[0]
    base = -(min(lower, 0) // 256) * 256  # a constant 0xXX00XX00 is part of an instruction on Arm
    together = base + upper <= LANE
    start = base if together else channel.start
    ends = (start + lower, start + upper)
    shifts = channel.multiplier.bit_count() == 1  # without a product as it is
    short = together and ends[1] <= INT16 and not shifts
    found = _short_line(channel, start, ends[1], zero_point, clamp) if short else None
    constant = channel.constant + (channel.start - start) * channel.multiplier
    multiplier, constant, shift = found or (channel.multiplier, constant, channel.shift)
    products = [end * multiplier for end in ends]
    wide = max(map(abs, [*products, constant, *(product + constant for product in products)])) > INT32
    wide = wide or shift > 31
    code = [(product + constant) >> shift for product in products]
    floor, ceiling = code[0] < clamp[0], code[1] > clamp[1]
    return Lanes(start, multiplier, constant, shift, together, found is not None, wide, floor, ceiling)


def _short_line(channel: Channel, start: int, largest: int, zero_point: int, clamp: tuple[int, int]) -> Line | None:
    """A line with a multiplier below 2^15 that is right for all accumulators and fits 32 bits up to u = largest."""
    accumulators = np.arange(channel.lower, channel.upper + 1, dtype=np.int64)
    codes = requantize(accumulators, channel.multiplier, channel.shift, zero_point, clamp).astype(np.int64)
    u = accumulators - channel.start + start
    for bits in range(15, 11, -1):
        shift = channel.shift - channel.multiplier.bit_length() + bits
        nearest = round(channel.multiplier * 2.0 ** (shift - channel.shift))
        for distance in range(SPREAD + 1):
            for multiplier in {nearest - distance, nearest + distance}:
                if 0 < multiplier <= INT16 and 1 <= shift <= 31:
                    constant = _constant(u, codes, clamp, multiplier, shift, INT32 - largest * multiplier)
                    if constant is not None:
                        return multiplier, constant, shift
    return None


def _constant(
    u: Int64[np.ndarray, " n"],
    codes: Int64[np.ndarray, " n"],
    clamp: tuple[int, int],
    multiplier: int,
    shift: int,
    most: int,
) -> int | None:
    """Of the constants up to `most` that give every u its code, the one with most zero bits at its end."""
    rising, falling = codes > clamp[0], codes < clamp[1]  # a clamped code bounds the line on one side alone
    low = int(((codes[rising] << shift) - u[rising] * multiplier).max(initial=-INT32))
    high = int((((codes[falling] + 1) << shift) - 1 - u[falling] * multiplier).min(initial=most))
    for zeros in range(31, -1, -1):
        constant = -(-low >> zeros) << zeros
        if constant <= high:
            return constant
    return None
