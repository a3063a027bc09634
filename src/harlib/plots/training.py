"""Figures about training and accuracy: curves, folds, intervals, confusions, samples."""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from jaxtyping import Float, Int64, UInt16
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harlib import evaluate
from harlib.evaluate import Interval
from harlib.plots.style import PALETTE, SPECTROGRAM

Curves = Sequence[Sequence[float]]


def curves(panels: Mapping[str, Curves], title: str) -> Figure:
    """One panel a quantity: a thin line a fold over the epochs, and their mean.

    Args:
        panels: axis label with unit to one curve a fold, all of the same length.
        title: of the whole figure.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.4), squeeze=False)
    for axis, (label, folds) in zip(axes[0], panels.items(), strict=True):
        epochs = np.arange(1, len(folds[0]) + 1)
        for i, values in enumerate(folds):
            axis.plot(epochs, values, color=PALETTE[5], linewidth=1, label="one fold" if i == 0 else None)
        axis.plot(epochs, np.mean(folds, axis=0), color=PALETTE[0], linewidth=2.5, label="mean of the folds")
        axis.set(xlabel="epoch", ylabel=label)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0, 0].legend(frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def curves_by_name(panels: Mapping[str, Mapping[str, Sequence[float]]], title: str) -> Figure:
    """One panel a quantity: a line a name over the epochs.

    Args:
        panels: axis label with unit to one curve a name.
        title: of the whole figure.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.6), squeeze=False)
    for axis, (label, lines) in zip(axes[0], panels.items(), strict=True):
        for colour, (name, values) in zip(PALETTE, lines.items(), strict=False):
            axis.plot(np.arange(1, len(values) + 1), values, color=colour, label=name)
        axis.set(xlabel="epoch", ylabel=label)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize="small")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def fold_accuracies(accuracies: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Accuracy in %: a dot a fold, and the mean over folds with its 95 % t interval, one row a method.

    Args:
        accuracies: method to its accuracy in 0..1 on each fold.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 0.9 + 0.55 * len(accuracies)))
    for row, values in enumerate(accuracies.values()):
        percent = [100 * value for value in values]
        mean, low, high = evaluate.over_folds(percent)
        first = row == 0
        axis.plot(percent, [row + 0.2] * len(percent), "o", color=PALETTE[5], label="one fold" if first else None)
        axis.errorbar(
            mean,
            row - 0.05,
            xerr=[[mean - low], [high - mean]],
            fmt="D",
            capsize=4,
            color=PALETTE[0],
            label="mean, 95 % t interval" if first else None,
        )
        axis.annotate(f"{mean:.1f}", (mean, row - 0.05), xytext=(0, 6), textcoords="offset points", ha="center")
    axis.set(xlabel="accuracy (%)", ylabel="", title=title)
    axis.set_yticks(range(len(accuracies)), list(accuracies))
    axis.set_ylim(len(accuracies) - 0.5, -0.65)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def intervals(found: Mapping[str, Interval], title: str) -> Figure:
    """Estimates with their 95 % intervals, one row each, in percent.

    Args:
        found: name to an interval in 0..1.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 0.9 + 0.5 * len(found)))
    for row, interval in enumerate(found.values()):
        mean, low, high = interval
        bars = [[100 * (mean - low)], [100 * (high - mean)]]
        axis.errorbar(100 * mean, row, xerr=bars, fmt="D", capsize=5, color=PALETTE[row % len(PALETTE)])
        axis.annotate(
            interval.ends(),
            (100 * (low + high) / 2, row),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
        )
    axis.set(xlabel="accuracy (%)", title=title)
    axis.set_yticks(range(len(found)), list(found))
    axis.set_ylim(len(found) - 0.5, -0.7)
    plt.close(figure)
    return figure


def confusion(counts: Int64[np.ndarray, "classes classes"], classes: Sequence[str], title: str) -> Figure:
    """Samples by true class (rows) and predicted class (columns), shaded by the share of the row.

    Args:
        counts: samples of each true and predicted class.
        classes: their names.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(5.6, 4.4))
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = list(classes)
    sns.heatmap(
        share,
        annot=counts,
        fmt="d",
        cmap="Blues",
        vmin=0,
        vmax=100,
        xticklabels=names,
        yticklabels=names,
        cbar_kws={"label": "share of the true class (%)"},
        ax=axis,
    )
    axis.set(xlabel="predicted class", ylabel="true class", title=title)
    axis.tick_params(axis="y", rotation=0)
    plt.close(figure)
    return figure


def spectrograms(x: UInt16[np.ndarray, "n 64 64"], titles: Sequence[str], columns: int = 3) -> Figure:
    """A grid of spectrograms under one colour scale, each with its title.

    Args:
        x: raw log magnitudes, Doppler by time; at least one.
        titles: one a spectrogram.
        columns: pictures in a row of the grid.
    """
    rows = math.ceil(len(x) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3 * columns, 2.9 * rows), sharex=True, sharey=True)
    flat = np.atleast_1d(axes).ravel()
    low, high = np.quantile(x, [0.01, 0.999])
    for axis, picture, title in zip(flat, x, titles, strict=False):
        shown = axis.imshow(picture, cmap=SPECTROGRAM, vmin=low, vmax=high, origin="lower", aspect="equal")
        axis.set_title(title, fontsize="small")
        axis.label_outer()
    for axis in flat[len(x) :]:
        axis.axis("off")
    figure.supxlabel("time (columns)", fontsize="medium")
    figure.supylabel("Doppler (rows, zero at 32)", fontsize="medium")
    figure.colorbar(shown, ax=list(flat), shrink=0.7, label="raw log magnitude (20 units a dB)")
    plt.close(figure)
    return figure


def errors_by_subject(wrong: Sequence[int], expected: Float[np.ndarray, " k"], title: str) -> Figure:
    """How many subjects have 0, 1, 2, ... misclassified samples, and how many would if errors fell independently.

    Args:
        wrong: misclassified samples of each subject.
        expected: subjects expected with 0, 1, 2, ... errors.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(7, 3.2))
    seen = np.bincount(wrong, minlength=len(expected))
    expected = np.pad(expected, (0, len(seen) - len(expected)))
    axis.bar(np.arange(len(seen)) - 0.2, seen, 0.4, label="observed")
    axis.bar(np.arange(len(expected)) + 0.2, expected, 0.4, color=PALETTE[1], label="expected if independent")
    axis.set(xlabel="misclassified samples of a subject", ylabel="subjects", title=title)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(frameon=False)
    plt.close(figure)
    return figure
