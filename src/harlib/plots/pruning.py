"""Figures about pruning: where two rankings take the zeros from, zeros over the epochs."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harlib.plots.style import PALETTE


def zeros_by_layer(
    shares: Mapping[str, Float[np.ndarray, " layers"]], layers: Sequence[str], target: float, title: str
) -> Figure:
    """Share of zeros of each layer, one bar a way of choosing them, and the share wanted over all layers as a line.

    Args:
        shares: name of the way to the share of zeros of each layer, 0..1.
        layers: their labels.
        target: share over all layers together, 0..1.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(9, 4))
    width = 0.8 / len(shares)
    places = np.arange(len(layers))
    for i, (name, values) in enumerate(shares.items()):
        bars = axis.bar(places + (i - (len(shares) - 1) / 2) * width, 100 * values, width, label=name)
        axis.bar_label(bars, fmt="%.0f", fontsize="x-small")
    axis.axhline(100 * target, color="black", linestyle="--", linewidth=1, label="wanted over all layers")
    axis.set_xticks(places, list(layers))
    axis.set(xlabel="layer (weights)", ylabel="zero weights (%)", ylim=(0, 100), title=title)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def zeros_over_epochs(folds: Sequence[Sequence[float]], target: float, ramp: int, frozen_from: int) -> Figure:
    """Share of zeros over the epochs, a line a fold; the wanted share, the ramp and the freeze are marked.

    Args:
        folds: share of zeros (0..1) before the first epoch and after each, one list a fold.
        target: the wanted share, 0..1.
        ramp: epochs of the ramp.
        frozen_from: finished epochs after which the support is frozen.
    """
    figure, axis = plt.subplots(figsize=(8, 3.8))
    for i, values in enumerate(folds):
        label = "one fold" if i == 0 else None
        axis.plot(np.arange(len(values)), 100 * np.asarray(values), ".-", color=PALETTE[0], alpha=0.7, label=label)
    axis.axhline(100 * target, color="black", linestyle="--", linewidth=1, label="wanted share")
    axis.axvspan(0, ramp, color=PALETTE[1], alpha=0.2, linewidth=0, label="ramp")
    axis.axvspan(frozen_from, len(folds[0]) - 1, color=PALETTE[5], alpha=0.2, linewidth=0, label="support frozen")
    axis.set(xlabel="finished epochs", ylabel="zero weights (%)", title="Share of zero weights while pruning")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure
