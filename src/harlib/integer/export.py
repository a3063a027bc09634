"""From the folded network to the integer model file's layers."""

import json
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from harlib.errors import HarlibError
from harlib.integer.folded import FoldedConv, FoldedLinear
from harlib.integer.intervals import Geometry
from harlib.integer.model import Input, IntegerModel, parse
from harlib.integer.rounding import LEAST_BITS, IntegerConv, dyadic_scale, integer_conv, rounded_bias
from harlib.integer.steps import Requantization


def build(
    convs: Sequence[FoldedConv],
    pool_count: int,
    linear: FoldedLinear,
    input: Input,
    classes: Sequence[str],
    multiplier_bits: int,
) -> IntegerModel:
    """Make the integer model of a folded network.

    Args:
        convs: the convolutions, in order.
        pool_count: cells of the last map. The pool's 1 / count is exact for a power of two, else it has as many bits
            as a convolution's multiplier may have.
        linear: the linear layer; its bias is rounded to accumulator units.
        input: the input's description.
        classes: a name for each output.
        multiplier_bits: most bits of a multiplier, 2..31; see `integer_conv`.

    Raises:
        HarlibError: numbers that the format does not hold; names the layer and, where it applies, the channel.
    """
    _, *sides = input.shape
    size, codes = (sides[0], sides[1]), (0, 255)
    layers: list[dict[str, object]] = []
    for conv in convs:
        layers.append(_conv_fields(conv, integer_conv(conv, size, codes, multiplier_bits)))
        kernel_h, kernel_w = conv.weight.shape[2:]
        size = Geometry(size, conv.stride, conv.padding).output_size((kernel_h, kernel_w))
        codes = conv.clamp
    zero_point = linear.input_zero_point
    multiplier, shift = _pool_scale(pool_count, (codes[0] - zero_point, codes[1] - zero_point), multiplier_bits)
    layers.append(
        {
            "op": "global_average_pool",
            "name": "pool",
            "count": pool_count,
            "multiplier": multiplier,
            "shift": shift,
            "input_zero_point": zero_point,
        }
    )
    layers.append(_linear_fields(linear))
    fields = {
        "format": "harlib-integer",
        "version": 1,
        "classes": list(classes),
        "input": input.model_dump(mode="json"),
        "layers": layers,
    }
    return parse(json.dumps(fields), "export")


def _pool_scale(count: int, span: tuple[int, int], bits: int) -> tuple[int, int]:
    exponent = count.bit_length() - 1
    if count == 2**exponent:
        return (1, exponent) if exponent else (2, 1)
    sums = Requantization((count * span[0], count * span[1]), zero_point=0, clamp=span)  # added behind the shift
    return dyadic_scale(Fraction(1, count), sums, max(bits, LEAST_BITS), "pool")


def _conv_fields(conv: FoldedConv, integers: IntegerConv) -> dict[str, object]:
    out, in_per_group, *kernel = conv.weight.shape
    return {
        "op": "conv2d",
        "name": conv.name,
        "in_channels": in_per_group * conv.groups,
        "out_channels": out,
        "groups": conv.groups,
        "kernel": kernel,
        "stride": conv.stride,
        "padding": conv.padding,
        "weight": integers.weight.tolist(),
        "bias": integers.bias.tolist(),
        "input_zero_point": conv.input_zero_point,
        "multiplier": integers.multiplier.tolist(),
        "shift": integers.shift.tolist(),
        "output_zero_point": conv.output_zero_point,
        "clamp": conv.clamp,
        "weight_scale": float(conv.weight_scale),
        "real_multiplier": np.where(integers.constant, 1.0, conv.real_multiplier).tolist(),
        "output_scale": float(conv.output_scale),
    }


def _linear_fields(linear: FoldedLinear) -> dict[str, object]:
    if not linear.logit_scale > 0:
        raise HarlibError(f"{linear.name}: logit_scale = {linear.logit_scale}; must be above 0")
    biases = (linear.bias / linear.logit_scale).tolist()
    return {
        "op": "linear",
        "name": linear.name,
        "in_features": linear.weight.shape[1],
        "out_features": linear.weight.shape[0],
        "weight": linear.weight.tolist(),
        "bias": [rounded_bias(bias, f"{linear.name}, output {index}") for index, bias in enumerate(biases)],
        "input_zero_point": linear.input_zero_point,
        "weight_scale": float(linear.weight_scale),
        "logit_scale": float(linear.logit_scale),
    }
