"""What is proven of an integer model, exactly and for every input, rather than measured on some.

The bounds take a layer's input codes as free of each other within the clamp of the layer before: each bound is attained
by a layer input (`attaining_input`), though perhaps by no network input.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from harlib.errors import HarlibError
from harlib.integer.intervals import Region, extreme_input, regions
from harlib.integer.model import Conv2d, GlobalAveragePool, IntegerModel, Site, kernel
from harlib.integer.model import accumulator_bounds as site_bounds
from harlib.integer.requantize import product_range


@dataclass(frozen=True, eq=False)
class Bounds:
    """Lowest and highest value of every output channel."""

    lower: Int64[np.ndarray, " out"]
    upper: Int64[np.ndarray, " out"]


def accumulator_bounds(model: IntegerModel) -> dict[str, Bounds]:
    """Bound every layer's accumulators, bias included, by layer name; a model only loads within signed 24 bits."""
    return {site.layer.name: Bounds(*site_bounds(site)) for site in model.sites()}


def region_bounds(model: IntegerModel) -> dict[str, dict[Region, Bounds]]:
    """Bound accumulators apart in the interior and at the border, where taps lie on padding, by layer name.

    Regions without an output position are left out; the pool has none.
    """
    return {
        site.layer.name: {region: Bounds(*site_bounds(site, region)) for region in regions(*kernel(site))}
        for site in model.sites()
        if not isinstance(site.layer, GlobalAveragePool)
    }


def attaining_input(
    model: IntegerModel, name: str, channel: int, upper: bool, region: Region = "all"
) -> tuple[UInt8[np.ndarray, "channels h w"], tuple[int, int]]:
    """Make a layer input whose accumulator is exactly the bound of `accumulator_bounds` or `region_bounds`.

    Args:
        model: the integer model.
        name: a convolution or the linear layer.
        channel: its output channel.
        upper: the upper bound, or else the lower.
        region: the output positions to look at.

    Returns:
        The input ([features, 1, 1] of the linear layer) and the output's row and column.

    Raises:
        HarlibError: the model has no such layer or channel, or the layer no such region.
    """
    site = _site(model, name)
    layer = site.layer
    if isinstance(layer, GlobalAveragePool):
        raise HarlibError(f"layer {name!r}: is the pool; its bounds are attained by constant maps")
    if not 0 <= channel < len(layer.biases):
        raise HarlibError(f"channel = {channel}: {name} has the channels 0..{len(layer.biases) - 1}")
    weight, geometry = kernel(site)
    if region not in ("all", *regions(weight, geometry)):
        raise HarlibError(f"region {region!r}: {name} has {', '.join(regions(weight, geometry))}")
    return extreme_input(weight, geometry, site.codes, layer.input_zero_point, channel, upper, region)


def product_bounds(model: IntegerModel) -> dict[str, Bounds]:
    """Bound what a requantization holds before its shift: product, rounding constant and their sum t.

    Of each convolution and of the pool, by name; see `harlib.integer.requantize.product_range`.
    """
    bounds = {}
    for site in model.sites():
        layer, (channels, _, _), _ = site
        if isinstance(layer, Conv2d):
            scales = zip(layer.multiplier, layer.shift, [layer.output_zero_point] * layer.out_channels, strict=True)
        elif isinstance(layer, GlobalAveragePool):
            scales = zip([layer.multiplier] * channels, [layer.shift] * channels, [0] * channels, strict=True)
        else:
            continue
        ends = zip(*(bound.tolist() for bound in site_bounds(site)), strict=True)
        ranges = [product_range(low, high, *scale) for (low, high), scale in zip(ends, scales, strict=True)]
        lower, upper = np.array(ranges, np.int64).T
        bounds[layer.name] = Bounds(lower, upper)
    return bounds


def fits_32_bits(model: IntegerModel) -> bool:
    """Tell whether no engine needs a 64-bit number: everything in `product_bounds` is below 2^31 in size."""
    limit = 2**31
    return all(
        bool((bound.lower > -limit).all() and (bound.upper < limit).all()) for bound in product_bounds(model).values()
    )


def constant_channels(model: IntegerModel) -> dict[str, list[int]]:
    """List, by layer name, the output channels whose weights are all 0: their code does not depend on the input."""
    return {layer.name: np.flatnonzero(~layer.weights.any(axis=(1, 2, 3))).tolist() for layer in model.convolutions}


@dataclass(frozen=True)
class Zeros:
    """Counts of ternary weights: the share of zeros is natural / total."""

    natural: int  # zeros outside constant channels
    constant: int  # weights of constant channels, all 0 in the file
    total: int


def zeros(model: IntegerModel) -> Zeros:
    """Count the zero weights of all layers; those of constant channels, which export set to 0, are counted apart."""
    weights = [*(layer.weights for layer in model.convolutions), model.linear.weights]
    constant = sum(
        layer.weights[channels].size
        for layer, channels in zip(model.convolutions, constant_channels(model).values(), strict=True)
    )
    zero = sum(int((weight == 0).sum()) for weight in weights)
    return Zeros(zero - constant, constant, sum(weight.size for weight in weights))


def _site(model: IntegerModel, name: str) -> Site:
    for site in model.sites():
        if site.layer.name == name:
            return site
    raise HarlibError(f"layer {name!r}: the model has {', '.join(layer.name for layer in model.layers)}")
