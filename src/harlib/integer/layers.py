"""The layers of the integer model file: fields, ranges, and the rules inside one layer. Format version 1."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Int8, Int64
from pydantic import BaseModel, ConfigDict, Field, model_validator

from harlib.integer.intervals import Geometry

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")]
Size = Annotated[int, Field(ge=1, le=1024)]
Side = Annotated[int, Field(ge=1, le=64)]
Margin = Annotated[int, Field(ge=0, le=63)]
Code = Annotated[int, Field(ge=0, le=255)]
Ternary = Annotated[int, Field(ge=-1, le=1)]
Bias = Annotated[int, Field(ge=-(2**22), le=2**22 - 1)]  # signed 23 bit
Multiplier = Annotated[int, Field(ge=0, le=2**31 - 1)]
Shift = Annotated[int, Field(ge=1, le=46)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]

# A list stops at its first bad number, so that a large bad file costs no more than a small one.
Biases = Annotated[tuple[Bias, ...], Field(fail_fast=True)]
Multipliers = Annotated[tuple[Multiplier, ...], Field(fail_fast=True)]
Shifts = Annotated[tuple[Shift, ...], Field(fail_fast=True)]
Scales = Annotated[tuple[NonNegative, ...], Field(fail_fast=True)]
Row = Annotated[tuple[Ternary, ...], Field(fail_fast=True)]
Matrix = Annotated[tuple[Row, ...], Field(fail_fast=True)]
Kernel = Annotated[tuple[Annotated[tuple[Matrix, ...], Field(fail_fast=True)], ...], Field(fail_fast=True)]


class Strict(BaseModel):
    """Frozen; no unknown key, no NaN, no number of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Conv2d(Strict):
    """A ternary convolution with its requantization; see `harlib.integer.oracle` for what it computes."""

    op: Literal["conv2d"]
    name: Name
    in_channels: Size
    out_channels: Size
    groups: Size
    kernel: tuple[Side, Side]
    stride: tuple[Side, Side]
    padding: tuple[Margin, Margin]
    weight: Kernel
    bias: Biases
    input_zero_point: Code
    multiplier: Multipliers
    shift: Shifts
    output_zero_point: Code
    clamp: tuple[Code, Code]
    weight_scale: NonNegative | Scales
    real_multiplier: Scales
    output_scale: Positive

    @model_validator(mode="after")
    def _consistent(self) -> "Conv2d":
        for field in ("in_channels", "out_channels"):
            if getattr(self, field) % self.groups:
                raise ValueError(f"groups = {self.groups}: must divide {field} ({getattr(self, field)})")
        for padding, kernel in zip(self.padding, self.kernel, strict=True):
            if padding >= kernel:
                raise ValueError(f"padding = {list(self.padding)}: must be below the kernel ({list(self.kernel)})")
        if self.clamp[0] >= self.clamp[1]:
            raise ValueError(f"clamp = {list(self.clamp)}: the first code must be below the second")
        _require_shape(self, "weight", (self.out_channels, self.in_channels // self.groups, *self.kernel))
        for field in ("bias", "multiplier", "shift", "real_multiplier"):
            _require_shape(self, field, (self.out_channels,))
        if isinstance(self.weight_scale, tuple):
            _require_shape(self, "weight_scale", (self.out_channels,))
        return self

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """How the kernel moves over a map of this height and width."""
        return Geometry(size, self.stride, self.padding, self.groups)

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output map of an input map; below 1 if the kernel does not fit."""
        return self.geometry(size).output_size(self.kernel)

    @property
    def weights(self) -> Int8[np.ndarray, "out in_per_group kh kw"]:
        """The weights as an array."""
        return np.array(self.weight, np.int8)

    @property
    def biases(self) -> Int64[np.ndarray, " out"]:
        """The biases as an array."""
        return np.array(self.bias, np.int64)

    @property
    def multipliers(self) -> Int64[np.ndarray, " out"]:
        """The multipliers as an array."""
        return np.array(self.multiplier, np.int64)

    @property
    def shifts(self) -> Int64[np.ndarray, " out"]:
        """The shifts as an array."""
        return np.array(self.shift, np.int64)


class GlobalAveragePool(Strict):
    """The rounded mean of each channel's map; its multiplier / 2^shift stands for 1 / count."""

    op: Literal["global_average_pool"]
    name: Name
    count: Annotated[int, Field(ge=1, le=2**20)]
    multiplier: Multiplier
    shift: Shift
    input_zero_point: Code

    @model_validator(mode="after")
    def _consistent(self) -> "GlobalAveragePool":
        # 255 * 2^-9 is below one half: a code is at most one from the rounded mean, and a constant map keeps its code.
        if abs(self.multiplier * self.count - 2**self.shift) * 2**9 > 2**self.shift:
            raise ValueError(
                f"multiplier = {self.multiplier}: multiplier / 2^shift (shift = {self.shift}) must be 1 / count "
                f"(count = {self.count}) within a relative error of 2^-9"
            )
        return self


class Linear(Strict):
    """A ternary linear layer; its accumulators are the logits."""

    op: Literal["linear"]
    name: Name
    in_features: Size
    out_features: Size
    weight: Matrix
    bias: Biases
    input_zero_point: Code
    weight_scale: NonNegative
    logit_scale: NonNegative

    @model_validator(mode="after")
    def _consistent(self) -> "Linear":
        _require_shape(self, "weight", (self.out_features, self.in_features))
        _require_shape(self, "bias", (self.out_features,))
        return self

    @property
    def weights(self) -> Int8[np.ndarray, "out in"]:
        """The weights as an array."""
        return np.array(self.weight, np.int8)

    @property
    def biases(self) -> Int64[np.ndarray, " out"]:
        """The biases as an array."""
        return np.array(self.bias, np.int64)


def _require_shape(layer: Strict, field: str, shape: tuple[int, ...]) -> None:
    if not _has_shape(getattr(layer, field), shape):
        raise ValueError(f"{field}: its lists must have the shape {list(shape)}")


def _has_shape(nested: Sequence[Any], shape: tuple[int, ...]) -> bool:
    return len(nested) == shape[0] and (len(shape) == 1 or all(_has_shape(part, shape[1:]) for part in nested))
