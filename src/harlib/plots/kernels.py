"""Kernels of every layer in numbers: what they were, and the codes that replace them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from torch import Tensor

from harlib import ternary
from harlib.plots.drawing import Drawing

FLOAT, CODE, ROW = (54.0, 22.0), (30.0, 22.0), 22.0  # size of a cell, height of a row of either
MOST = 4  # numbers shown of a filter that is 1 x 1, or of a row


def first_kernels(
    weights: Mapping[str, Float[Tensor, "..."]], bias: Float[Tensor, " classes"], threshold: float
) -> Drawing:
    """The first kernel of each layer, float and ternary, and the linear layer's bias, which has no codes.

    Args:
        weights: layer to its float weights; of filters of 1 x 1 and of the linear layer's first row, the first four.
        bias: of the linear layer.
        threshold: t of the rule.
    """
    shown = [(name, *_first(weight, ternary.ternarize(weight, threshold)[0])) for name, weight in weights.items()]
    height = sum(ROW * len(values) + 34 for _, _, values, _ in shown) + ROW + 40
    drawing = Drawing(420, height)
    y = 0.0
    for name, what, values, codes in shown:
        drawing.text((8, y + 14), name, 13, "start", bold=True)
        drawing.text((412, y + 14), what, 12, "end")
        drawing.matrix((8, y + 26), values, "+.3f", FLOAT)
        middle = y + 26 + ROW * len(values) / 2
        drawing.arrow((8 + FLOAT[0] * values.shape[1] + 12, middle), (276, middle))
        drawing.matrix((288, y + 26), codes, "+.0f", CODE)
        y += ROW * len(values) + 34
    drawing.text((8, y + 14), "bias", 13, "start", bold=True)
    drawing.text((412, y + 14), "one a class; it has no codes", 12, "end")
    drawing.matrix((8, y + 26), bias.numpy()[None], "+.3f", FLOAT)
    return drawing


def _first(weight: Tensor, codes: Tensor) -> tuple[str, np.ndarray, np.ndarray]:
    kernel, code = weight[0].numpy(), codes[0].numpy().astype(float)
    if kernel.ndim == 3 and kernel.shape[1:] != (1, 1):
        return f"kernel 1 of {len(weight)}, {kernel.shape[1]} × {kernel.shape[2]}", kernel[0], code[0]
    flat, flat_code = kernel.reshape(1, -1)[:, :MOST], code.reshape(1, -1)[:, :MOST]
    return f"row 1 of {len(weight)}, the first {flat.shape[1]} of {kernel.size}", flat, flat_code
