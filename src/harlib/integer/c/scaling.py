"""How `fast` requantizes a channel: the shortest form that gives the right code for every accumulator that can occur.

An accumulator lies in a proven interval of some thousand integers, so a form need not be exact arithmetic: it is tried
on all of them. What is shortest depends on whether the processor has a rounded product of 16 by 15 bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from harlib.integer.c.plan import INT16, Channel
from harlib.integer.requantize import requantize

Numbers = Int64[np.ndarray, " accumulators"]

UINT16 = 2**16 - 1
SPREAD = 3  # multipliers that are tried on either side of the nearest


@dataclass(frozen=True)
class Scaling:
    """A form. The short ones stay in 16 bits; x is the accumulator, and "/ 2^n, rounded" is (... + 2^(n - 1)) >> n.

    shifted: max(0, x + addend) >> shift
    rounded: max(0, x << lift) * multiplier / 2^15, rounded
    averaged: max(0, (x << lift) * multiplier >> 16) / 2, rounded
    high: (max(0, x << lift) * multiplier >> 16) / 2^shift, rounded, of unsigned numbers
    signed: (x * multiplier + addend) >> shift in 32 bits, not below 0 and not above 255; wide: in 64 bits
    """

    kind: str
    multiplier: int
    addend: int = 0
    shift: int = 0
    lift: int = 0
    floor: bool = False  # the lower clamp is still to be applied
    ceiling: bool = False  # the upper clamp is still to be applied

    @property
    def short(self) -> bool:
        """All numbers fit 16 bits."""
        return self.kind not in ("signed", "wide")

    def operations(self, rounded_product: bool) -> int:
        """How many a short form takes of a processor, without clamps that are still to be applied."""
        length = {"shifted": 2, "rounded": 2, "averaged": 3, "high": 3 if rounded_product else 4}[self.kind]
        return length + (self.lift > 0)


def scalings(channel: Channel, output_zero_point: int, clamp: tuple[int, int]) -> tuple[Scaling, Scaling]:
    """Choose the shortest forms of a channel that are right.

    Args:
        channel: of a plan.
        output_zero_point: of the layer.
        clamp: of the layer.

    Returns:
        For processors with a rounded product, and for those without; often the same.
    """
    found: list[Scaling] = []
    if channel.narrow:
        accumulators = np.arange(channel.lower, channel.upper + 1, dtype=np.int64)
        right = requantize(accumulators, channel.multiplier, channel.shift, output_zero_point, clamp)
        for forms in (_shifted(channel), _rounded(channel), _averaged(channel), _high(channel)):
            for form in forms:
                codes = _codes(form, accumulators)
                if codes is not None and np.array_equal(np.clip(codes, *clamp), right):
                    floor, ceiling = bool(codes.min() < clamp[0]), bool(codes.max() > clamp[1])
                    found.append(replace(form, floor=floor, ceiling=ceiling))
                    break
    if not found:
        return (general := _general(channel, clamp)), general
    without = [form for form in found if form.kind != "rounded"] or [_general(channel, clamp)]
    return (
        min(found, key=lambda form: form.operations(True)),
        min(without, key=lambda form: form.operations(False) if form.short else 0),
    )


def _shifted(channel: Channel) -> Iterator[Scaling]:
    """A multiplier that is a power of two needs no product."""
    exponent = channel.multiplier.bit_length() - 1
    shift = channel.shift - exponent
    addend = channel.constant >> max(exponent, 0)
    if channel.multiplier == 2**exponent and 0 <= shift <= 15 and abs(channel.start + addend) <= INT16:
        yield Scaling("shifted", 1, addend, shift)


def _rounded(channel: Channel) -> Iterator[Scaling]:
    yield from _nearest("rounded", channel, 15, INT16)


def _averaged(channel: Channel) -> Iterator[Scaling]:
    yield from _nearest("averaged", channel, 17, INT16)


def _high(channel: Channel) -> Iterator[Scaling]:
    """The finest multiplier of 16 bits; what it has too much is shifted away, at least one bit for the rounding."""
    bits = max(17, 16 + channel.shift - channel.multiplier.bit_length())
    if bits <= 16 + 14:
        for form in _nearest("high", channel, bits, UINT16):
            yield replace(form, shift=bits - 16)


def _nearest(kind: str, channel: Channel, bits: int, largest: int) -> Iterator[Scaling]:
    """Multipliers near the channel's, in units of 2^-bits; with a lift where they would be too large."""
    exact = channel.multiplier / 2**channel.shift * 2**bits
    lift = max(0, round(exact).bit_length() - largest.bit_length())
    nearest = round(exact / 2**lift)
    for step in sorted(range(-SPREAD, SPREAD + 1), key=abs):
        if 0 <= nearest + step <= largest:
            yield Scaling(kind, nearest + step, lift=lift)


def _codes(form: Scaling, accumulators: Numbers) -> Numbers | None:
    """What the C code computes; None where a number on its way leaves its 16 bits."""
    x = accumulators + form.addend << form.lift
    if x.min() < -INT16 or x.max() > INT16:
        return None
    if form.kind != "averaged":
        x = np.maximum(x, 0)
    if form.kind == "shifted":
        codes = x >> form.shift
    elif form.kind == "rounded":
        codes = ((x * form.multiplier >> 14) + 1) >> 1
    elif form.kind == "averaged":
        codes = (np.maximum(x * form.multiplier >> 16, 0) + 1) >> 1
    else:
        high = x * form.multiplier >> 16
        codes = (high + (1 << (form.shift - 1))) >> form.shift
        if high.max() + (1 << (form.shift - 1)) > INT16:
            return None
    return codes if codes.max() <= INT16 else None


def _general(channel: Channel, clamp: tuple[int, int]) -> Scaling:
    codes = [
        min(max(0, end * channel.multiplier + channel.constant) >> channel.shift, 255)
        for end in (channel.lower, channel.upper)
    ]
    kind, ends = "wide" if channel.wide else "signed", (codes[0] < clamp[0], codes[1] > clamp[1])
    return Scaling(kind, channel.multiplier, channel.constant, channel.shift, floor=ends[0], ceiling=ends[1])
