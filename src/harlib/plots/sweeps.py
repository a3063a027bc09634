"""Accuracy against what a sweep varies."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harlib.evaluate import Interval
from harlib.plots.style import PALETTE

Value = float | str
Curve = Sequence[tuple[Value, Interval]]
MOST = len(PALETTE)  # curves that can be told apart
_MARKS = "Ds^ovP*X"


def against(found: Mapping[str, Mapping[str, Curve]], label: str, title: str) -> Figure:
    """Accuracy with its 95 % interval against a parameter: a panel a stage, a curve for each setting of the others.

    Args:
        found: stage to the name of a curve to its values and accuracies in 0..1; at most `MOST` curves a panel.
        label: of the horizontal axis.
        title: of the figure.
    """
    values = list(dict.fromkeys(value for curves in found.values() for held in curves.values() for value, _ in held))
    numbers = not any(isinstance(value, str) for value in values)
    width = max(3.6, 2.2 + 0.35 * len(values))
    figure, axes = plt.subplots(1, len(found), figsize=(width * len(found), 3.8), sharey=True, squeeze=False)
    for axis, (stage, curves) in zip(axes[0], found.items(), strict=True):
        for number, (name, held) in enumerate(curves.items()):
            places = [float(value if numbers else values.index(value)) for value, _ in held]
            _curve(axis, places, [interval for _, interval in held], number, name, numbers)
        axis.set(xlabel=label, title=stage)
        if not numbers:
            axis.set_xticks(range(len(values)), [str(value) for value in values], rotation=30, ha="right")
    axes[0, 0].set_ylabel("accuracy (%)")
    names = [name for name in next(iter(found.values())) if name]
    if names:
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def _curve(axis: Axes, places: list[float], held: list[Interval], number: int, name: str, joined: bool) -> None:
    percent = 100 * np.array(held).reshape(-1, 3)
    bars = np.nan_to_num(np.abs(percent[:, 1:] - percent[:, :1])).T
    style = _MARKS[number] + ("-" if joined else "")
    axis.errorbar(places, percent[:, 0], yerr=bars, fmt=style, capsize=3, color=PALETTE[number], label=name or None)
