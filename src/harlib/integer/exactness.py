"""How exact a model's requantization is: the accumulators that get another code than from exact rational arithmetic."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from harlib.integer.model import Conv2d, GlobalAveragePool, IntegerModel, Layer, Site, accumulator_bounds
from harlib.integer.requantize import dyadic
from harlib.integer.rounding import POWERS, faithful_dyadic
from harlib.integer.steps import Requantization, differing


@dataclass(frozen=True, eq=False)
class Differences:
    """How many accumulators of a channel's interval get another code from the dyadic scale than from the exact one."""

    differing: Int64[np.ndarray, " out"]
    total: Int64[np.ndarray, " out"]


def requantization_differences(model: IntegerModel) -> dict[str, Differences]:
    """Compare multiplier / 2^shift with exact rational arithmetic, over every accumulator of every channel.

    Both round half up and clamp. Of a convolution, the exact factor is the rational number that `real_multiplier`'s
    float64 stands for; of the pool, 1 / count. Nothing is sampled: see `harlib.integer.steps`.
    """
    result = {}
    for site in model.sites():
        channels = _requantizations(site)
        if not channels:
            continue
        counts = [
            differing(channel.exact, Fraction(channel.multiplier, 2**channel.shift), channel.steps)
            for channel in channels
        ]
        totals = [channel.steps.interval[1] - channel.steps.interval[0] + 1 for channel in channels]
        result[site.layer.name] = Differences(np.array(counts), np.array(totals))
    return result


def differences_by_bits(model: IntegerModel, bits: Iterable[int], faithful: bool = True) -> dict[int, int]:
    """Count, by multiplier bits, the accumulators of all convolutions that get another code than from exact arithmetic.

    Args:
        model: gives intervals, zero points, clamps and real multipliers; its own multipliers do not count.
        bits: to try, each 2..31.
        faithful: choose multipliers as the exporter does, by `faithful_dyadic`; else round each to nearest.
    """
    sites = [site for site in model.sites() if isinstance(site.layer, Conv2d)]
    channels = [channel for site in sites for channel in _requantizations(site)]
    counts = dict.fromkeys(bits, 0)
    for tried in counts:
        for channel in channels:
            real = float(channel.exact)
            scale = faithful_dyadic(channel.exact, channel.steps, tried) if faithful else dyadic(real, tried)
            counts[tried] += differing(channel.exact, Fraction(scale[0], 2 ** scale[1]), channel.steps)
    return counts


def with_multiplier_bits(model: IntegerModel, bits: int) -> IntegerModel:
    """The same model with convolution multipliers of so many bits, 2..31, chosen by `faithful_dyadic`."""
    layers: list[Layer] = []
    for site in model.sites():
        layer = site.layer
        if isinstance(layer, Conv2d):
            pairs = [faithful_dyadic(channel.exact, channel.steps, bits) for channel in _requantizations(site)]
            multipliers, shifts = zip(*pairs, strict=True)
            layer = layer.model_copy(update={"multiplier": multipliers, "shift": shifts})
        layers.append(layer)
    return model.model_copy(update={"layers": tuple(layers)})


def with_powers_of_two(model: IntegerModel) -> IntegerModel:
    """The same model with each convolution multiplier rounded, in ratio, to a power of two, 2^-46..2^29; a 0 stays."""
    layers: list[Layer] = []
    for layer in model.layers:
        if isinstance(layer, Conv2d):
            pairs = [_power(*scale) for scale in zip(layer.multiplier, layer.shift, strict=True)]
            multipliers, shifts = zip(*pairs, strict=True)
            layer = layer.model_copy(update={"multiplier": multipliers, "shift": shifts})
        layers.append(layer)
    return model.model_copy(update={"layers": tuple(layers)})


def _power(multiplier: int, shift: int) -> tuple[int, int]:
    if not multiplier:
        return 0, 1
    return POWERS[Fraction(2) ** min(29, math.floor(math.log2(multiplier / 2**shift) + 0.5))]


class _Channel(NamedTuple):
    exact: Fraction
    multiplier: int
    shift: int
    steps: Requantization


def _requantizations(site: Site) -> list[_Channel]:
    """The channels of a convolution or of the pool; none of the linear layer."""
    layer, (channels, *_), _ = site
    if isinstance(layer, Conv2d):
        exact = [Fraction(real) for real in layer.real_multiplier]
        scales, zero_point, clamp = (layer.multiplier, layer.shift), layer.output_zero_point, layer.clamp
    elif isinstance(layer, GlobalAveragePool):
        exact = [Fraction(1, layer.count)] * channels
        scales = ((layer.multiplier,) * channels, (layer.shift,) * channels)
        zero_point, clamp = layer.input_zero_point, (0, 255)
    else:
        return []
    intervals = zip(*(bound.tolist() for bound in accumulator_bounds(site)), strict=True)
    return [
        _Channel(factor, multiplier, shift, Requantization(interval, zero_point, clamp))
        for factor, multiplier, shift, interval in zip(exact, *scales, intervals, strict=True)
    ]
