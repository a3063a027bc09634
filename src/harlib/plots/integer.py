"""Figures about folding and integer arithmetic: multipliers, widths from layer to layer, bounds, dyadic errors."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from harlib.integer.proofs import Bounds
from harlib.plots.style import INK, PALETTE, PAPER


def multipliers(real: Mapping[str, Sequence[Float[np.ndarray, " channels"]]], title: str) -> Figure:
    """Output steps that one accumulator unit stands for, a dot a channel, one row a layer, on a logarithmic axis.

    Args:
        real: layer to the channels' real multipliers of each fold; a multiplier of 0 is left out.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 0.9 + 0.55 * len(real)))
    rng = np.random.default_rng(0)
    for row, folds in enumerate(real.values()):
        values = np.concatenate(list(folds))
        values = values[values > 0]
        spread = rng.uniform(-0.25, 0.25, len(values))
        axis.semilogx(values, row + spread, "o", color=PALETTE[0], alpha=0.4, markersize=4)
        if len(values):
            axis.plot(np.median(values), row, "|", color=PALETTE[3], markersize=26, markeredgewidth=3)
    axis.axvline(1, color="black", linestyle="--", linewidth=1)
    axis.plot([], [], "o", color=PALETTE[0], alpha=0.4, label="one channel of one fold")
    axis.plot([], [], "|", color=PALETTE[3], markersize=12, markeredgewidth=3, label="median")
    axis.plot([], [], "--", color="black", linewidth=1, label="one step")
    axis.set_yticks(range(len(real)), list(real))
    axis.set(xlabel="real multiplier (output steps an accumulator unit)", title=title)
    axis.set_ylim(len(real) - 0.5, -0.5)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def accumulator_bounds(bounds: Mapping[str, Bounds], limits: tuple[int, int], title: str) -> Figure:
    """Lowest and highest accumulator of each layer, over all its channels, against what the format allows.

    Args:
        bounds: layer to the bounds of its channels, in accumulator units.
        limits: lowest and highest accumulator allowed.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 0.9 + 0.5 * len(bounds)))
    for row, bound in enumerate(bounds.values()):
        low, high = int(bound.lower.min()), int(bound.upper.max())
        axis.barh(row, high - low, left=low, height=0.55, color=PALETTE[5])
        axis.annotate(
            f"{bits_needed(low, high)} bits", (high, row), xytext=(6, 0), textcoords="offset points", va="center"
        )
    for limit in limits:
        axis.axvline(limit, color=PALETTE[3], linestyle="--", label="signed 24 bits" if limit > 0 else None)
    axis.set_xscale("symlog", linthresh=1000)
    ticks = [sign * 10**power for sign in (-1, 1) for power in (3, 5, 7)]
    axis.set_xticks(sorted([0, *ticks]))
    axis.set_yticks(range(len(bounds)), list(bounds))
    axis.set(xlabel="accumulator (linear to 1,000, then logarithmic)", title=title)
    axis.set_ylim(len(bounds) - 0.5, -0.5)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def bits_needed(low: int, high: int) -> int:
    """Bits of the narrowest signed (two's complement) integer that holds low..high.

    >>> bits_needed(-128, 127), bits_needed(-129, 0), bits_needed(0, 255)
    (8, 9, 9)
    """
    return max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length()) + 1


def dyadic_errors(errors: Mapping[int, Float[np.ndarray, " n"]], title: str) -> Figure:
    """Relative error of dyadic scales a / 2^b against the bits of a, with the bound 2^-bits.

    Args:
        errors: bits of a to the relative error of each scale tried; errors of 0 cannot be drawn.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.8))
    bits = sorted(errors)
    for i, count in enumerate(bits):
        values = errors[count][errors[count] > 0]
        label = "one scale" if i == 0 else None
        axis.semilogy([count] * len(values), values, "o", color=PALETTE[5], alpha=0.4, markersize=4, label=label)
    axis.semilogy(bits, [2.0**-count for count in bits], "-", color=PALETTE[3], label="bound, $2^{-k}$")
    axis.set(xlabel="bits of the multiplier, $k$", ylabel="relative error", title=title)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def exactness_by_bits(
    differing: Mapping[str, Mapping[int, int]],
    accuracies: Mapping[int, float],
    reference: float,
    chosen: int,
    title: str,
) -> Figure:
    """Differing accumulators, above, and accuracy of the integer network, below, by the bits of its multipliers.

    Args:
        differing: way of rounding to bits to the number of accumulators that get another code than exactly.
        accuracies: bits to accuracy, 0..1.
        reference: accuracy of the network before folding on the same samples, 0..1.
        chosen: the study's bits.
        title: of the figure.
    """
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(7.5, 5.6), layout="constrained")
    for (label, counts), marker in zip(differing.items(), "osD^", strict=False):
        above.plot(list(counts), list(counts.values()), f"{marker}-", markersize=4, label=label)
    above.set_yscale("symlog", linthresh=1)
    above.set_ylim(bottom=-0.3)
    above.set(ylabel="accumulators that differ", title=title)
    below.plot(list(accuracies), [100 * value for value in accuracies.values()], "o-", label="integer network")
    below.axhline(100 * reference, color=PALETTE[2], linestyle="-.", label="before folding")
    below.set(xlabel="bits of the multiplier", ylabel="accuracy (%)")
    for axis in (above, below):
        axis.axvline(chosen, color="black", linestyle="--", label="the study's, at most")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def widths(boxes: Mapping[str, str], flow: Sequence[str], title: str) -> Figure:
    """A chain of operations as boxes, with the width of the integers that flow written on every arrow.

    Args:
        boxes: text of each operation to the text of the arrow that enters it from the side.
        flow: text of the arrow into the first box, between boxes, and out of the last: one more than boxes.
        title: of the figure.
    """
    if len(flow) != len(boxes) + 1:
        raise ValueError(f"{len(flow)} arrows for {len(boxes)} boxes: one more arrow than boxes is needed")
    figure, axis = plt.subplots(figsize=(4.7, 1.1 * len(boxes) + 0.6))
    for i, text in enumerate(flow):
        _arrow(axis, (0.0, -2.0 * i), (0.0, -2 * i - 0.95))
        axis.text(0.08, -2 * i - 0.42, text, va="center", fontsize="small")
    style = {"boxstyle": "round,pad=0.5", "facecolor": PAPER, "edgecolor": PALETTE[0]}
    for i, (text, side) in enumerate(boxes.items()):
        middle = -2 * i - 1.5
        box = axis.text(0, middle, text, ha="center", va="center", bbox=style, fontsize="small")
        _arrow(axis, (-1.8, middle), (0.0, middle), box.get_bbox_patch())
        axis.text(-1.85, middle, side, ha="right", va="center", fontsize="small")
    axis.set(xlim=(-2.95, 1.4), ylim=(-2 * len(boxes) - 1, 0.05), title=title)
    axis.axis("off")
    plt.close(figure)
    return figure


def _arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], box: Patch | None = None) -> None:
    """An arrow between two points; with a box around its end, only to the box's edge."""
    properties = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.5, "patchB": box}
    axis.annotate("", xy=end, xytext=start, arrowprops=properties)
