"""Figures that question the protocol: differences, the learning curve, accuracy by difficulty."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from harlib.evaluate import Bin, Interval
from harlib.plots.style import PALETTE

_MARKS = "Ds^o"


def differences(found: Mapping[str, Interval], label: str, title: str) -> Figure:
    """Differences with their 95 % intervals, one row each, and a line at none.

    Args:
        found: name to a difference in -1..1.
        label: of the axis, in points.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 0.9 + 0.5 * len(found)))
    for row, interval in enumerate(found.values()):
        estimate, bars = _percent([interval])
        axis.errorbar(estimate, [row], xerr=bars, fmt="D", capsize=4, color=PALETTE[0])
        axis.annotate(f"{estimate[0]:+.2f}", (estimate[0], row), (0, 7), textcoords="offset points", ha="center")
    axis.axvline(0, color="black", linewidth=1)
    axis.set(xlabel=label, title=title)
    axis.set_yticks(range(len(found)), list(found))
    axis.set_ylim(len(found) - 0.5, -0.7)
    plt.close(figure)
    return figure


def learning_curve(found: Mapping[int, Interval], repeats: Mapping[int, Sequence[float]], title: str) -> Figure:
    """Accuracy against the number of training subjects: a dot a network, and the mean with its 95 % interval.

    Args:
        found: number of subjects, 1 or more, to the mean accuracy in 0..1.
        repeats: number of subjects to the accuracy of each network in 0..1.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.6))
    first = True
    for count, values in repeats.items():
        label = "one network" if first else None
        axis.plot([count * 0.96] * len(values), 100 * np.array(values), "o", color=PALETTE[5], label=label)
        first = False
    estimate, bars = _percent(list(found.values()))
    axis.errorbar(
        list(found), estimate, yerr=bars, fmt="D-", capsize=4, color=PALETTE[0], label="mean, 95 % over test people"
    )
    axis.set_xscale("log", base=2)
    axis.set_xticks(list(found), [str(count) for count in found])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set(xlabel="training subjects", ylabel="accuracy (%)", title=title)
    axis.legend(frameon=False, loc="lower right")
    plt.close(figure)
    return figure


def by_difficulty(panels: Mapping[str, Mapping[str, Sequence[Bin]]], title: str) -> Figure:
    """Accuracy in bins of what was drawn, one panel a draw, one colour a network, with 95 % intervals.

    Args:
        panels: axis label with unit to network to its accuracy in 0..1 by bins, the same bins for all.
        title: of the figure.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3.6), sharey=True, squeeze=False)
    for axis, (label, networks) in zip(axes[0], panels.items(), strict=True):
        for i, (name, bins) in enumerate(networks.items()):
            _bins(axis, bins, i, len(networks), name)
        axis.set(xlabel=label)
        axis.grid(axis="y", color="0.9")
        axis.set_axisbelow(True)
    axes[0, 0].set_ylabel("accuracy (%)")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(handles[1]), frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def _bins(axis: Axes, bins: Sequence[Bin], i: int, networks: int, name: str) -> None:
    middle = np.array([(b.low + b.high) / 2 for b in bins])
    shift = 0.03 * (bins[-1].high - bins[0].low) * (i - (networks - 1) / 2)
    estimate, bars = _percent([b.score for b in bins])
    axis.errorbar(middle + shift, estimate, yerr=bars, fmt=f"{_MARKS[i % 4]}-", capsize=3, color=PALETTE[i], label=name)


def _percent(found: Sequence[Interval]) -> tuple[np.ndarray, np.ndarray]:
    """Estimates [n] and the lengths of their error bars [2, n]; an interval without ends has none."""
    values = 100 * np.array(found, dtype=float).reshape(-1, 3)
    return values[:, 0], np.nan_to_num(np.abs(values[:, 1:] - values[:, :1])).T
