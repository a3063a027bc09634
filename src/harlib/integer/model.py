"""The integer model, version 1: one JSON file that holds all an engine needs.

An `IntegerModel` that exists is valid: types, ranges, shapes from layer to layer, zero points, and accumulators within
signed 24 bits are checked when it is made, from a file or otherwise.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from jaxtyping import Int8, Int64
from pydantic import Field, ValidationError, model_validator

from harlib.errors import HarlibError
from harlib.files import write
from harlib.integer.intervals import Geometry, Region, accumulator_interval
from harlib.integer.layers import Code, Conv2d, GlobalAveragePool, Linear, Positive, Size, Strict
from harlib.integer.text import complaints, refuse_ambiguous, render

__all__ = ["Conv2d", "GlobalAveragePool", "Input", "IntegerModel", "Linear", "load", "parse", "save"]

FILE_LIMIT = 8 * 2**20  # bytes
ACCUMULATOR_RANGE = (-(2**23), 2**23 - 1)
Layer = Conv2d | GlobalAveragePool | Linear


class Input(Strict):
    """The input map; low and high bring a raw spectrogram to codes, see `harlib.integer.inputs`."""

    shape: tuple[Size, Size, Size]  # channels, height, width
    low: float
    high: float
    scale: Positive
    zero_point: Code

    @model_validator(mode="after")
    def _consistent(self) -> "Input":
        if self.low >= self.high:
            raise ValueError(f"low = {self.low}: must be below high ({self.high})")
        return self


class Site(NamedTuple):
    """A layer with what flows into it."""

    layer: Layer
    shape: tuple[int, int, int]  # channels, height, width
    codes: tuple[int, int]  # lowest and highest code


class IntegerModel(Strict):
    """A ternary, integer-only network: convolutions, then a global average pool, then a linear layer."""

    format: Literal["harlib-integer"]
    version: Annotated[int, Field(ge=1, le=1)]  # a Literal would take True for 1
    classes: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(min_length=2)]
    input: Input
    layers: Annotated[tuple[Annotated[Layer, Field(discriminator="op")], ...], Field(min_length=3, max_length=64)]

    @property
    def convolutions(self) -> tuple[Conv2d, ...]:
        """The convolutions, in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Conv2d))

    @property
    def pool(self) -> GlobalAveragePool:
        """The global average pool."""
        return next(layer for layer in self.layers if isinstance(layer, GlobalAveragePool))

    @property
    def linear(self) -> Linear:
        """The linear layer."""
        return next(layer for layer in self.layers if isinstance(layer, Linear))

    def sites(self) -> Iterator[Site]:
        """Go through the layers with the shape and the code range of what flows into each."""
        shape, codes = self.input.shape, (0, 255)
        for layer in self.layers:
            yield Site(layer, shape, codes)
            if isinstance(layer, Conv2d):
                shape, codes = (layer.out_channels, *layer.output_size(shape[1:])), layer.clamp
            else:
                shape = (shape[0], 1, 1)

    @model_validator(mode="after")
    def _consistent(self) -> "IntegerModel":
        ops = [layer.op for layer in self.layers]
        if set(ops[:-2]) != {"conv2d"} or ops[-2:] != ["global_average_pool", "linear"]:
            raise ValueError(f"layers: ops are {ops}; allowed are conv2d (one or more), global_average_pool, linear")
        for field, values in (("classes", self.classes), ("layers.name", [layer.name for layer in self.layers])):
            if len(set(values)) < len(values):
                raise ValueError(f"{field} = {list(values)}: the names must differ")
        if self.linear.out_features != len(self.classes):
            raise ValueError(f"classes: {len(self.classes)} names for {self.linear.out_features} out_features")
        zero_point = self.input.zero_point
        for index, site in enumerate(self.sites()):
            _check_site(f"layers[{index}]", site, zero_point)
            zero_point = site.layer.output_zero_point if isinstance(site.layer, Conv2d) else zero_point
        return self


def accumulator_bounds(
    site: Site, region: Region = "all"
) -> tuple[Int64[np.ndarray, " out"], Int64[np.ndarray, " out"]]:
    """Lowest and highest accumulator of every output channel, bias included: exact over all inputs in the code range.

    The pool's accumulator is sum - count * zero_point. A region is one of the layer's `regions`.
    """
    layer, (channels, *_), codes = site
    if isinstance(layer, GlobalAveragePool):
        lower, upper = (np.full(channels, layer.count * (code - layer.input_zero_point)) for code in codes)
        return lower, upper
    weight, geometry = kernel(site)
    lower, upper = accumulator_interval(weight, geometry, codes, layer.input_zero_point, region)
    return lower + layer.biases, upper + layer.biases


def kernel(site: Site) -> tuple[Int8[np.ndarray, "out in_per_group kh kw"], Geometry]:
    """Weights and movement of a convolution; a linear layer is one of 1 x 1 on a map of one cell."""
    layer, (_, height, width), _ = site
    if isinstance(layer, Conv2d):
        return layer.weights, layer.geometry((height, width))
    assert isinstance(layer, Linear)
    return layer.weights[:, :, None, None], Geometry((1, 1))


def _check_site(place: str, site: Site, zero_point: int) -> None:
    layer, (channels, h, w), _ = site
    if layer.input_zero_point != zero_point:
        raise ValueError(
            f"{place}.input_zero_point = {layer.input_zero_point}: must be the zero point before it ({zero_point})"
        )
    if isinstance(layer, Conv2d):
        if layer.in_channels != channels:
            raise ValueError(f"{place}.in_channels = {layer.in_channels}: {channels} channels flow into it")
        if min(layer.output_size((h, w))) < 1:
            raise ValueError(f"{place}.kernel = {list(layer.kernel)}: must fit the padded {h} x {w} map")
    elif isinstance(layer, GlobalAveragePool):
        if layer.count != h * w:
            raise ValueError(f"{place}.count = {layer.count}: must be {h * w}, the cells of the {h} x {w} map")
    elif layer.in_features != channels:
        raise ValueError(f"{place}.in_features = {layer.in_features}: {channels} channels flow into it")
    # With the zero point, which adds 0, among the codes: bounds of every sum on the way, in whatever order.
    low, high = site.codes
    for bounds in accumulator_bounds(site._replace(codes=(min(low, zero_point), max(high, zero_point)))):
        for channel, bound in enumerate(bounds.tolist()):
            if not ACCUMULATOR_RANGE[0] <= bound <= ACCUMULATOR_RANGE[1]:
                raise ValueError(
                    f"{place} ({layer.name}): channel {channel} can reach the accumulator {bound}; "
                    "allowed are signed 24 bits, -8388608..8388607"
                )


def parse(text: str, source: str = "model") -> IntegerModel:
    """Make a model of a file's text.

    Args:
        text: JSON.
        source: what a message names as the place of a mistake, such as the file's name.

    Raises:
        HarlibError: not JSON, or a rule is broken; one line that names the field, its value and what is allowed.
    """
    try:
        refuse_ambiguous(text)
        return IntegerModel.model_validate_json(text)
    except ValidationError as error:
        raise HarlibError(f"{source}: {complaints(error)}") from None
    except (ValueError, RecursionError) as error:
        raise HarlibError(f"{source}: not a JSON file that can be read ({error}); export the model again") from None


def load(path: str | Path) -> IntegerModel:
    """Read a model file; its errors are those of `parse`, and that the file cannot be read or is above 8 MiB."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
        if len(data) > FILE_LIMIT:
            raise HarlibError(f"{path}: above {FILE_LIMIT} bytes; that is no harlib-integer model")
        return parse(data.decode("utf-8"), str(path))
    except OSError as error:
        raise HarlibError(f"{path}: cannot be read ({error.strerror}); name a harlib-integer file") from None
    except UnicodeDecodeError:
        raise HarlibError(f"{path}: not UTF-8 text; name a harlib-integer file") from None


def save(path: str | Path, model: IntegerModel) -> None:
    """Write a model file, whole or not at all; `load` gives back an equal model."""
    write(Path(path), render(model.model_dump(mode="json")) + "\n")
