"""Figures about pruning: where the zeros are taken from, zeros over the epochs, accuracy and storage by their share."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
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


def free_or_frozen(free: Mapping[str, Float[np.ndarray, " n"]], share: float, title: str) -> Figure:
    """Share of zeros over epochs of fine-tuning with a free support, against the share that a frozen one keeps.

    Args:
        free: name to the share of zeros (0..1) before the first epoch and after each.
        share: of the frozen support, 0..1.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 3.4))
    epochs = np.arange(len(next(iter(free.values()))))
    for i, (name, values) in enumerate(free.items(), start=1):
        axis.plot(epochs, 100 * values, "os^D"[i % 4] + "-", color=PALETTE[i], label=name)
    axis.plot(epochs, np.full(len(epochs), 100 * share), "o--", color=PALETTE[0], label="frozen support")
    axis.set(xlabel="finished epochs of fine-tuning", ylabel="zero weights (%)", title=title)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def accuracy_by_zeros(table: pd.DataFrame, names: Mapping[str, str], share: float, limit: float, title: str) -> Figure:
    """Accuracy of every rule against the share of zeros on the left; on the right the first rule's drop and a limit.

    Args:
        table: columns prune_rule, zeros, and in 0..1 accuracy and drop, each with its ends _low and _high.
        names: rule to its label, in the order to draw.
        share: zeros to mark, 0..1.
        limit: of the drop to mark, 0..1.
        title: of the figure.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2))
    for i, (rule, label) in enumerate(names.items()):
        rows = table[table["prune_rule"] == rule].sort_values("zeros")
        _with_interval(axes[0], rows, "accuracy", "os^D"[i % 4], PALETTE[i], label)
    first = table[table["prune_rule"] == next(iter(names))].sort_values("zeros")
    _with_interval(axes[1], first, "drop", "o", PALETTE[0], "drop")
    axes[1].axhline(100 * limit, color=PALETTE[3], linewidth=1, label=f"{100 * limit:.2f} points")
    axes[1].axhline(0, color="0.6", linewidth=1)
    for axis in axes:
        axis.axvline(100 * share, color="black", linestyle="--", linewidth=1, label=f"{100 * share:.0f} % zeros")
        axis.set(xlabel="zero weights (%)")
    steepest = 1000 * limit  # beyond ten times the limit a point says no more than that it is beyond
    axes[1].set_ylim(top=min(steepest, axes[1].get_ylim()[1]))
    axes[0].set(ylabel="accuracy (%)", title="every rule")
    axes[1].set(ylabel="accuracy lost against fp32 (points)", title="the study's rule")
    axes[0].legend(frameon=False, loc="lower left")
    axes[1].legend(frameon=False, loc="upper left")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def _with_interval(axis: Axes, rows: pd.DataFrame, column: str, mark: str, colour: str, label: str) -> None:
    middle, low, high = (100 * rows[f"{column}{end}"].to_numpy() for end in ("", "_low", "_high"))
    bars = np.abs([middle - low, high - middle])
    axis.errorbar(100 * rows["zeros"], middle, yerr=bars, fmt=f"{mark}-", color=colour, capsize=3, label=label)


def storage_by_zeros(
    zeros: Float[np.ndarray, " n"],
    bits: Mapping[str, Float[np.ndarray, " n"]],
    least: Float[np.ndarray, " n"],
    title: str,
) -> Figure:
    """Bits a weight of each code against the share of zeros, and the entropy below them.

    Args:
        zeros: shares, 0..1.
        bits: code to its bits a weight.
        least: entropy, bits a weight.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 4))
    for i, (name, values) in enumerate(bits.items()):
        axis.plot(100 * zeros, values, "os^D"[i % 4] + "-", color=PALETTE[i], label=name)
    axis.plot(100 * zeros, least, "k--", label="entropy")
    axis.set(xlabel="zero weights (%)", ylabel="bits a weight", ylim=(0, None), title=title)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure
