"""How `fast` requantizes a channel: the shortest form that gives the right code for every accumulator that can occur.

An accumulator lies in a proven interval of some thousand integers, so a form need not be exact arithmetic: it is tried
on all of them. Most multipliers of 16 bits then have a form of one instruction, a rounded product of 16 bits by 15.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from harlib.integer.c.plan import INT16, Channel
from harlib.integer.requantize import requantize

Numbers = Int64[np.ndarray, " accumulators"]

SPREAD = 3  # multipliers that are tried on either side of the nearest


@dataclass(frozen=True)
class Scaling:
    """A form. "rounded" and "high" start from x = min(max(0, accumulator), top) << lift, in 16 bits.

    rounded: (x * multiplier + 2^14) >> 15
    high: (x - (x * multiplier >> 16) + addend) >> shift
    signed: (accumulator * multiplier + addend) >> shift in 32 bits, not below 0 and not above 255; wide: in 64 bits
    """

    kind: str
    multiplier: int
    addend: int = 0
    shift: int = 0
    lift: int = 0
    top: int | None = None  # None: no accumulator is so high that x would leave 16 bits
    floor: bool = False  # the lower clamp is still to be applied
    ceiling: bool = False  # the upper clamp is still to be applied

    @property
    def short(self) -> bool:
        """All numbers fit 16 bits."""
        return self.kind in ("rounded", "high")


def scalings(channel: Channel, output_zero_point: int, clamp: tuple[int, int]) -> list[Scaling]:
    """List the forms of a channel that are right, the shortest first and at most one of a kind.

    Args:
        channel: of a plan.
        output_zero_point: of the layer.
        clamp: of the layer.

    Returns:
        At least one form; the last is "high" where that is right, as it asks the least of a processor.
    """
    found: dict[str, Scaling] = {}
    if channel.narrow:
        accumulators = np.arange(channel.lower, channel.upper + 1, dtype=np.int64)
        right = requantize(accumulators, channel.multiplier, channel.shift, output_zero_point, clamp)
        for form in (*_rounded(channel), *_high(channel, output_zero_point, clamp)):
            codes = None if form.kind in found else _codes(form, accumulators)
            if codes is not None and np.array_equal(np.clip(codes, *clamp), right):
                floor, ceiling = bool(codes.min() < clamp[0]), bool(codes.max() > clamp[1])
                found[form.kind] = replace(form, floor=floor, ceiling=ceiling)
    return list(found.values()) or [_general(channel, clamp)]


def _rounded(channel: Channel) -> Iterator[Scaling]:
    for lift in (0, 1, 2):
        nearest = round(channel.multiplier * 2.0 ** (15 - lift - channel.shift))
        for multiplier in range(max(0, nearest - SPREAD), min(INT16, nearest + SPREAD) + 1):
            yield Scaling("rounded", multiplier, lift=lift)


def _high(channel: Channel, zero_point: int, clamp: tuple[int, int]) -> Iterator[Scaling]:
    """Take the product from its high half: with m the multiplier brought to 16 bits and c = 2^16 - m, c fits 15 bits.

    x - floor(x c / 2^16) is x m / 2^16 rounded up. One less in the addend makes up for that, except at exact ties,
    which come out one too low; where one can occur, the form is found wrong.
    """
    bits = channel.multiplier.bit_length()
    nearest = 2**16 - round(channel.multiplier * 2.0 ** (16 - bits))
    lift = max(0, 17 - (channel.shift + 16 - bits))
    shift = channel.shift + lift - bits
    if channel.multiplier and shift <= 15:
        top = -(-((clamp[1] << channel.shift) - channel.constant) // channel.multiplier)
        limit = top if channel.upper << lift > INT16 else None
        addend = (zero_point << shift) + 2 ** (shift - 1) - 1
        for complement in (nearest, nearest - 1, nearest + 1):
            if 0 < complement <= INT16:
                yield Scaling("high", complement, addend, shift, lift, limit)


def _codes(form: Scaling, accumulators: Numbers) -> Numbers | None:
    """What the C code computes; None where a number on its way leaves signed 16 bits."""
    x = np.maximum(accumulators, 0)
    x = (x if form.top is None else np.minimum(x, form.top)) << form.lift
    if form.kind == "rounded":
        codes = ((x * form.multiplier >> 14) + 1) >> 1
        return codes if x.min() >= 0 and max(x.max(), codes.max()) <= INT16 else None
    sums = x - (x * form.multiplier >> 16) + form.addend
    return sums >> form.shift if x.min() >= 0 and max(x.max(), sums.max()) <= INT16 else None


def _general(channel: Channel, clamp: tuple[int, int]) -> Scaling:
    codes = [
        min(max(0, end * channel.multiplier + channel.constant) >> channel.shift, 255)
        for end in (channel.lower, channel.upper)
    ]
    kind, ends = "wide" if channel.wide else "signed", (codes[0] < clamp[0], codes[1] > clamp[1])
    return Scaling(kind, channel.multiplier, channel.constant, channel.shift, floor=ends[0], ceiling=ends[1])
