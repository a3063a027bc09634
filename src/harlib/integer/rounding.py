"""Round one folded convolution to the integers that an engine uses: bias, dyadic scales, constant channels.

Jacob et al. 2018 (arXiv 1712.05877), section 2.4; Yao et al. 2021, HAWQ-V3 (arXiv 2011.10680) for the dyadic scales.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Int8, Int64

from harlib.errors import HarlibError
from harlib.integer.folded import FoldedConv
from harlib.integer.intervals import Geometry, accumulator_interval
from harlib.integer.requantize import dyadic, other_neighbour, product_range, requantize
from harlib.integer.steps import Requantization, differing

BIAS_RANGE = (-(2**22), 2**22 - 1)
NARROW_BITS = 16  # up to this many multiplier bits, products are held below 2^31
POWERS = {Fraction(2) ** exponent: (2 ** max(0, exponent + 1), max(1, -exponent)) for exponent in range(-46, 30)}
LEAST_BITS = 9  # 255 * 2^-9 is below one half: no code moves by more than one


@dataclass(frozen=True, eq=False)
class IntegerConv:
    """The integers of one convolution, as an engine uses them."""

    weight: Int8[np.ndarray, "out in_per_group kh kw"]
    bias: Int64[np.ndarray, " out"]
    multiplier: Int64[np.ndarray, " out"]
    shift: Int64[np.ndarray, " out"]
    constant: Bool[np.ndarray, " out"]  # its code does not depend on the input; weights 0, scale 1


def integer_conv(conv: FoldedConv, size: tuple[int, int], codes: tuple[int, int], multiplier_bits: int) -> IntegerConv:
    """Round one folded convolution: its bias and its dyadic scales.

    bias = floor(offset / real_multiplier + 1/2), in float64; multiplier / 2^shift stands for real_multiplier, chosen as
    `faithful_dyadic` says.

    A channel whose code is the same over its whole accumulator interval becomes weights 0, multiplier 2, shift 1 and
    bias = code - zero_point. With `multiplier_bits` up to 16, each channel takes the most bits, at most that many, for
    which all that `requantize` holds stays below 2^31 (see `product_range`): a wide accumulator leaves fewer bits for
    its multiplier. It takes no fewer than 9 (or `multiplier_bits`, if that is less).

    Args:
        conv: the folded convolution.
        size: height and width of its input map.
        codes: lowest and highest input code.
        multiplier_bits: 2..31.

    Raises:
        HarlibError: a bias is beyond signed 23 bits or a product beyond 2^31; names the layer and the channel.
    """
    _require_range(conv)
    geometry = Geometry(size, conv.stride, conv.padding, conv.groups)
    kernel_h, kernel_w = conv.weight.shape[2:]
    if min(geometry.output_size((kernel_h, kernel_w))) < 1:
        raise HarlibError(
            f"{conv.name}: kernel {kernel_h} x {kernel_w} does not fit the padded {size[0]} x {size[1]} map"
        )
    lower, upper = accumulator_interval(conv.weight, geometry, codes, conv.input_zero_point)
    result = IntegerConv(
        weight=conv.weight.copy(),
        bias=np.zeros(len(lower), np.int64),
        multiplier=np.full(len(lower), 2),
        shift=np.full(len(lower), 1),
        constant=np.zeros(len(lower), bool),
    )
    for channel, real in enumerate(conv.real_multiplier.tolist()):
        interval = int(lower[channel]), int(upper[channel])
        code = _constant_code(conv, channel, interval)
        if code is None:
            where = f"{conv.name}, channel {channel}"
            bias = rounded_bias(float(conv.offset[channel]) / real, where)
            ends = interval[0] + bias, interval[1] + bias
            steps = Requantization(ends, conv.output_zero_point, conv.clamp)
            scale = dyadic_scale(Fraction(real), steps, multiplier_bits, where)
            reached = requantize(np.array(ends), *scale, conv.output_zero_point, conv.clamp)
            code = int(reached[0]) if reached[0] == reached[1] else None
        if code is None:
            result.bias[channel], (result.multiplier[channel], result.shift[channel]) = bias, scale
        else:
            result.constant[channel], result.bias[channel] = True, code - conv.output_zero_point
            result.weight[channel] = 0
    return result


def _constant_code(conv: FoldedConv, channel: int, interval: tuple[int, int]) -> int | None:
    steps = conv.offset[channel] + conv.real_multiplier[channel] * np.array(interval, np.float64)
    first, last = np.clip(conv.output_zero_point + np.floor(steps + 0.5), *conv.clamp)
    return int(first) if first == last else None


def rounded_bias(bias: float, where: str) -> int:
    """Round a bias, in accumulator units, half up; HarlibError with `where` if it is beyond signed 23 bits."""
    rounded = np.floor(bias + 0.5)
    if not BIAS_RANGE[0] <= rounded <= BIAS_RANGE[1]:
        raise HarlibError(
            f"{where}: the bias is {rounded:.0f} accumulator units; allowed are signed 23 bits, -4194304..4194303: "
            "its scale is too small for its offset"
        )
    return int(rounded)


def faithful_dyadic(exact: Fraction, channel: Requantization, bits: int) -> tuple[int, int]:
    """Choose (multiplier, shift): the nearest to the factor, or its other neighbour if only that is faithful.

    Faithful: every accumulator of the channel gets the code that the exact factor gives it. Rounding to nearest alone
    leaves that to chance up to about 25 bits, since a channel's thresholds lie at some 2^-16 of its factor from it.

    Args:
        exact: the factor, 0 <= exact < 2^30.
        channel: its accumulators, zero point and clamp.
        bits: of the multiplier, 2..31.
    """
    nearest = dyadic(float(exact), bits)
    other = other_neighbour(float(exact), *nearest)
    if other is None or not differing(exact, Fraction(nearest[0], 2 ** nearest[1]), channel):
        return nearest
    return nearest if differing(exact, Fraction(other[0], 2 ** other[1]), channel) else other


def dyadic_scale(exact: Fraction, channel: Requantization, bits: int, where: str) -> tuple[int, int]:
    """Choose (multiplier, shift) of at most `bits` bits, as `integer_conv` says; HarlibError with `where`.

    A power of two is written in lowest terms, so that an engine sees that a shift is enough.
    """
    if exact in POWERS and (bits > NARROW_BITS or _fits(channel, *POWERS[exact])):
        return POWERS[exact]
    for fewer in range(bits, min(bits, LEAST_BITS) - 1, -1):
        multiplier, shift = faithful_dyadic(exact, channel, fewer)
        if bits > NARROW_BITS or _fits(channel, multiplier, shift):
            return multiplier, shift
    lower, upper = channel.interval
    raise HarlibError(
        f"{where}: accumulators {lower}..{upper} times {float(exact):.3g} pass 2^31 in the shift even with a "
        f"{fewer}-bit multiplier; allow more than 16 multiplier bits (products of 64 bits) or look at the scales"
    )


def _fits(channel: Requantization, multiplier: int, shift: int) -> bool:
    bounds = product_range(*channel.interval, multiplier, shift, channel.zero_point)
    return bounds[0] > -(2**31) and bounds[1] < 2**31


def _require_range(conv: FoldedConv) -> None:
    for field, low, high in (("real_multiplier", 0.0, 2.0**30), ("offset", -np.inf, np.inf)):
        for channel, value in enumerate(getattr(conv, field).tolist()):
            if not (np.isfinite(value) and low <= value < high):
                allowed = "finite, 0 <= it < 2^30 (a sign belongs in the weights)" if high == 2**30 else "finite"
                raise HarlibError(f"{conv.name}, channel {channel}: {field} = {value}; must be {allowed}")
