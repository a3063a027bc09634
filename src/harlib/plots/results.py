"""Figures that compare the stages: accuracies, drops, confusions."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from jaxtyping import Int64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harlib import evaluate
from harlib.evaluate import Interval
from harlib.plots.style import PALETTE


def by_stage(accuracies: Mapping[str, Sequence[float]], close_up: Sequence[str], title: str) -> Figure:
    """Accuracy of each stage: a dot a fold and the mean with its 95 % t interval; all on the left, a close-up right.

    Args:
        accuracies: stage to its accuracy on each fold, 0..1, in the order to draw.
        close_up: the stages whose folds and intervals set the range of the right panel; an arrow: mean left of it.
        title: of the figure.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 1.3 + 0.5 * len(accuracies)), sharey=True)
    near = [100 * value for stage in close_up for value in accuracies[stage]]
    near += [end for stage in close_up for end in evaluate.over_folds([100 * value for value in accuracies[stage]])]
    margin = max(0.05 * (max(near) - min(near)), 0.25)
    ranges = ((0.0, 102.0), (min(near) - margin, max(near) + margin))
    for axis, (low, high) in zip(axes, ranges, strict=True):
        for row, values in enumerate(accuracies.values()):
            _stage(axis, row, [100 * value for value in values], low)
        axis.set(xlabel="accuracy (%)", xlim=(low, high))
        axis.grid(axis="x", color="0.9")
        axis.set_axisbelow(True)
    axes[0].set_yticks(range(len(accuracies)), list(accuracies))
    axes[0].set_ylim(len(accuracies) - 0.4, -0.6)
    axes[0].set_title("whole range")
    axes[1].set_title("close-up")
    axes[1].plot([], [], "o", color=PALETTE[5], label="one fold")
    axes[1].errorbar([], [], xerr=[], fmt="D", capsize=4, color=PALETTE[0], label="mean, 95 % t interval")
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def _stage(axis: Axes, row: int, percent: list[float], left: float) -> None:
    mean, low, high = evaluate.over_folds(percent)
    axis.plot(percent, [row - 0.15] * len(percent), "o", color=PALETTE[5], markersize=6)
    axis.errorbar(mean, row + 0.15, xerr=[[mean - low], [high - mean]], fmt="D", capsize=4, color=PALETTE[0])
    if max(percent) < left:
        axis.annotate(f"$\\leftarrow$ {mean:.1f}", (0.01, row), xycoords=("axes fraction", "data"), va="center")


def drops(found: Mapping[str, Mapping[str, Interval]], title: str, limit: float = np.inf) -> Figure:
    """Accuracy lost against a reference stage, with 95 % intervals: one row a stage, one colour a set of samples.

    Args:
        found: name of the set of samples to stage to the drop in 0..1.
        title: of the figure.
        limit: points lost; a row above it stands as a number at the right edge.
    """
    stages = list(next(iter(found.values())))
    figure, axis = plt.subplots(figsize=(8.5, 1.1 + 0.5 * len(stages)))
    for i, (name, intervals) in enumerate(found.items()):
        estimates = 100 * np.array([intervals[stage] for stage in stages]).reshape(-1, 3)
        bars = np.abs(estimates[:, 1:] - estimates[:, :1]).T
        rows = np.arange(len(stages)) + 0.24 * (i - (len(found) - 1) / 2)
        far = estimates[:, 0] > limit
        near = ~far  # also what is not known, which draws nothing
        axis.errorbar(
            estimates[near, 0],
            rows[near],
            xerr=bars[:, near],
            fmt="Ds^o"[i % 4],
            capsize=4,
            color=PALETTE[i],
            label=name,
        )
        for value, row in zip(estimates[far, 0], rows[far], strict=True):
            across = axis.get_yaxis_transform()
            axis.plot(1, row, ">", color=PALETTE[i], transform=across, clip_on=False)
            axis.text(0.97, row, f"{value:.1f}", fontsize="x-small", transform=across, ha="right", va="center")
    axis.axvline(0, color="black", linewidth=1)
    axis.set_yticks(range(len(stages)), stages)
    axis.set(xlabel="accuracy lost (points)", title=title)
    axis.set_xlim(right=min(axis.get_xlim()[1], 1.2 * limit))
    axis.set_ylim(len(stages) - 0.4, -0.6)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def confusions(
    counts: Mapping[str, Int64[np.ndarray, "classes classes"]], classes: Sequence[str], title: str
) -> Figure:
    """Confusion matrices side by side: samples by true class (rows) and predicted class (columns).

    Args:
        counts: name of the network to its matrix.
        classes: their names.
        title: of the figure.
    """
    figure, axes = plt.subplots(1, len(counts), figsize=(5.4 * len(counts), 4.4), sharey=True, squeeze=False)
    for i, (axis, (name, matrix)) in enumerate(zip(axes[0], counts.items(), strict=True)):
        share = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        last = i == len(counts) - 1
        sns.heatmap(
            share,
            annot=matrix,
            fmt="d",
            cmap="Blues",
            vmin=0,
            vmax=100,
            xticklabels=list(classes),
            yticklabels=list(classes),
            cbar=last,
            cbar_kws={"label": "share of the true class (%)"} if last else None,
            ax=axis,
        )
        axis.set(xlabel="predicted class", ylabel="true class" if i == 0 else "", title=name)
        axis.tick_params(axis="x", rotation=30)
        axis.tick_params(axis="y", rotation=0)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def reliability(found: Mapping[str, Sequence[tuple[float, Interval]]], title: str) -> Figure:
    """Accuracy against mean confidence in bins of samples, one panel a network; on the line it is calibrated.

    Args:
        found: network to its bins: mean confidence and accuracy with its 95 % interval, 0..1.
        title: of the figure.
    """
    figure, axes = plt.subplots(1, len(found), figsize=(4.6 * len(found), 4), sharex=True, sharey=True, squeeze=False)
    for i, (axis, (name, bins)) in enumerate(zip(axes[0], found.items(), strict=True)):
        confidence = 100 * np.array([middle for middle, _ in bins])
        values = 100 * np.array([interval for _, interval in bins]).reshape(-1, 3)
        bars = np.nan_to_num(np.abs(values[:, 1:] - values[:, :1])).T
        axis.plot([0, 100], [0, 100], "--", color="0.5", linewidth=1, label="calibrated")
        axis.errorbar(
            confidence, values[:, 0], yerr=bars, fmt="Ds"[i % 2], capsize=3, color=PALETTE[i], label="samples"
        )
        axis.set(xlabel="mean confidence (%)", title=name)
    least = min(100 * min(min(middle, interval.estimate) for middle, interval in bins) for bins in found.values())
    axes[0, 0].set(ylabel="accuracy (%)", xlim=(least - 5, 102), ylim=(least - 5, 102))
    axes[0, 0].legend(frameon=False, loc="upper left")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def sizes(parts: Mapping[str, Mapping[str, float]], title: str) -> Figure:
    """Stacked bars of what models take to store, in bytes.

    Args:
        parts: model to the bytes of each of its parts.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.9 + 0.6 * len(parts)))
    names = list(dict.fromkeys(name for held in parts.values() for name in held))
    left = np.zeros(len(parts))
    for colour, name in zip(PALETTE, names, strict=False):
        values = np.array([held.get(name, 0.0) for held in parts.values()])
        axis.barh(list(parts), values, left=left, color=colour, label=name)
        left += values
    for row, total in enumerate(left):
        axis.annotate(f"{total:,.0f}", (total, row), xytext=(5, 0), textcoords="offset points", va="center")
    axis.set(xlabel="size (bytes)", title=title, xlim=(0, 1.15 * max(left)))
    axis.invert_yaxis()
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure
