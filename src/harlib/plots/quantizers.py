"""Figures about quantizers: the staircase and its gradient, the choice of the zero point, learned scales."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from harlib.plots.style import PALETTE


def straight_through(
    x: Float[Tensor, " n"], quantized: Float[Tensor, " n"], surrogate: Float[Tensor, " n"], floats: Float[Tensor, " n"]
) -> Figure:
    """A quantizer's staircase over the function that it approximates, and the gradient used for it.

    Args:
        x: inputs, rising.
        quantized: the quantizer's output; surrogate: the gradient that training uses; floats: the output without
            rounding.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), sharex=True)
    left.plot(x, quantized, color=PALETTE[0], label="with rounding")
    left.plot(x, floats, color=PALETTE[1], linestyle="--", label="without rounding")
    left.set(xlabel="x", ylabel="output", title="forward: a staircase")
    right.axhline(0, color=PALETTE[0], label="true gradient (0 almost everywhere)")
    right.plot(x, surrogate, color=PALETTE[1], linestyle="--", label="straight-through gradient")
    right.set(xlabel="x", ylabel="d output / d x", ylim=(-0.15, 1.45), title="backward: as if it were not there")
    for axis in (left, right):
        axis.legend(frameon=False, loc="upper left")
    plt.close(figure)
    return figure


def error_by_zero_point(errors: pd.DataFrame) -> Figure:
    """Rounding error of ReLU activations against the zero point, relative to the error at zero point 0.

    Args:
        errors: columns layer, zero_point, error (root mean square, in units of the layer's activations).
    """
    figure, axis = plt.subplots(figsize=(8, 3.8))
    for colour, (layer, rows) in zip(PALETTE, errors.groupby("layer", sort=False), strict=False):
        axis.plot(rows["zero_point"], rows["error"] / rows["error"].iloc[0], "o-", color=colour, label=str(layer))
    axis.set(
        xlabel="zero point z (code)",
        ylabel="rms error / rms error at z = 0",
        title="Rounding error after ReLU against the zero point",
    )
    axis.legend(frameon=False, loc="upper left")
    plt.close(figure)
    return figure


def learned_scales(scales: pd.DataFrame) -> Figure:
    """How far training moved each layer's scale from its observed start: s / s0, a dot a fold.

    Args:
        scales: columns layer, fold, ratio.
    """
    figure, axis = plt.subplots(figsize=(8, 3.2))
    sns.stripplot(scales, x="ratio", y="layer", ax=axis, color=PALETTE[0], jitter=False, alpha=0.7, size=7)
    axis.axvline(1, color="black", linestyle="--", linewidth=1)
    axis.set(xlabel="learned scale / observed scale, s / s0", ylabel="", title="Learned scales of the activations")
    plt.close(figure)
    return figure
