"""Fold batch norm into the convolution before it; ternary weights stay ternary."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int8


@dataclass(frozen=True, eq=False)
class FoldedConv:
    """A convolution with its batch norm folded, before any rounding.

    Its real output in output steps is real_multiplier * (sum of weight * (x - input_zero_point)) + offset for input
    codes x; the code is output_zero_point + floor(that + 1/2), clamped.
    """

    name: str
    weight: Int8[np.ndarray, "out in_per_group kh kw"]  # -1, 0 or 1; the sign of a negative gamma is flipped in
    real_multiplier: Float64[np.ndarray, " out"]  # s_in * alpha * |gamma| / (sigma * s_out), at least 0
    offset: Float64[np.ndarray, " out"]  # (beta - gamma * mu / sigma) / s_out, in output steps
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int
    input_zero_point: int  # 0..255
    output_scale: float  # s_out, the real value of one output step
    output_zero_point: int  # 0..255
    clamp: tuple[int, int]  # lowest and highest output code; ReLU's low is the zero point
    weight_scale: float  # alpha


@dataclass(frozen=True, eq=False)
class FoldedLinear:
    """The linear layer: logits are logit_scale * (sum of weight * (x - input_zero_point)) + bias for input codes x."""

    name: str
    weight: Int8[np.ndarray, "out in"]  # -1, 0 or 1
    bias: Float64[np.ndarray, " out"]  # real units
    input_zero_point: int  # 0..255
    weight_scale: float  # alpha
    logit_scale: float  # s_in * alpha, the real value of one accumulator unit
