"""Figures about ternary weights: before and after, distances, histograms, sweeps over the threshold."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from harlib import ternary
from harlib.plots.matrices import matrices
from harlib.plots.style import PALETTE


def before_after(weight: Float[Tensor, "rows columns"], threshold: float) -> Figure:
    """A small weight matrix, its ternary codes, and what these stand for, number by number.

    Args:
        weight: float weights.
        threshold: t of the rule |W| > t E|W|.
    """
    codes, alpha = ternary.ternarize(weight, threshold)
    return matrices(
        {
            "float weights $W$": (weight.numpy(), ".2f"),
            "codes $W′$": (codes.float().numpy(), ".0f"),
            f"$\\alpha W′$ with $\\alpha$ = {float(alpha):.2f}": ((alpha * codes).numpy(), ".2f"),
        }
    )


def distance_by_kept(
    kept: Sequence[int], squared: Sequence[float], prefix: Float[np.ndarray, " n"], rule: int, title: str
) -> Figure:
    """Squared distance of every support of a small vector against its size, with the sorted prefixes as a line.

    Args:
        kept, squared: size and squared distance of each support tried.
        prefix: squared distance when the 1, 2, ..., n largest are kept.
        rule: how many the threshold rule keeps.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.6))
    axis.plot(kept, squared, "o", color=PALETTE[5], markersize=4, label="any support, best $\\alpha$")
    sizes = np.arange(1, len(prefix) + 1)
    axis.plot(sizes, prefix, color=PALETTE[0], label="the $k$ largest kept")
    best = int(prefix.argmin()) + 1
    axis.plot(best, prefix[best - 1], "D", color=PALETTE[2], markersize=9, label="exact optimum")
    if rule:
        axis.plot(rule, prefix[rule - 1], "s", color=PALETTE[3], markersize=7, label="threshold rule")
    axis.set(xlabel="weights kept, $k$", ylabel="$\\|W - \\alpha W′\\|^2$", title=title)
    axis.set_xticks(sizes)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def histograms(weights: Mapping[str, Float[Tensor, "..."]], threshold: float) -> Figure:
    """The float weights of each layer, the thresholds at -/+ t E|W|, and the three levels that replace them.

    Args:
        weights: layer name to its float weights.
        threshold: t of the rule.
    """
    figure, axes = plt.subplots(2, -(-len(weights) // 2), figsize=(11, 6), squeeze=False)
    flat = axes.ravel()
    for axis, (name, weight) in zip(flat, weights.items(), strict=False):
        codes, alpha = ternary.ternarize(weight, threshold)
        values = weight.flatten().numpy()
        axis.hist(values, bins=41, color=PALETTE[5])
        cut = threshold * float(weight.abs().mean())
        for side in (-cut, cut):
            axis.axvline(side, color=PALETTE[3], linestyle="--", label="threshold" if side > 0 else None)
        twin = axis.twinx()
        share = [100 * float((codes == code).double().mean()) for code in (-1, 0, 1)]
        levels = [-float(alpha), 0.0, float(alpha)]
        lines = twin.stem(levels, share, linefmt="black", markerfmt="D", basefmt=" ", label="ternary level")
        lines.markerline.set_color("black")
        twin.set(ylim=(0, 100), ylabel="share at the level (%)")
        twin.spines["right"].set_visible(True)
        axis.set(title=f"{name} ({values.size:,})", xlabel="weight", ylabel="float weights a bin")
        handles = [*axis.get_legend_handles_labels()[0], lines]
    for axis in flat[len(weights) :]:
        axis.axis("off")
    figure.legend(handles, ["threshold $\\pm t\\,$E|W|", "ternary level"], loc="outside lower center", ncols=2)
    plt.close(figure)
    return figure


def kernels(weight: Float[Tensor, "out 1 rows columns"], threshold: float) -> Figure:
    """The kernels of a layer with one input channel, side by side: float above, the ternary values below.

    Args:
        weight: float weights.
        threshold: t of the rule.
    """
    codes, alpha = ternary.ternarize(weight, threshold)
    limit = float(weight.abs().max())
    figure, axes = plt.subplots(2, 1, figsize=(7.4, 3.6), sharex=True)
    for axis, held, title in (
        (axes[0], weight, "float weights $W$"),
        (axes[1], alpha * codes, f"$\\alpha W′$ with $\\alpha$ = {float(alpha):.3f}"),
    ):
        strip = np.pad(held[:, 0].numpy(), ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)  # a gap after each kernel
        shown = axis.imshow(np.hstack(list(strip)), cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
        axis.set(title=title, ylabel="row")
    width = weight.shape[3]
    axes[1].set_xticks(np.arange(len(weight)) * (width + 1) + (width - 1) / 2, range(1, len(weight) + 1))
    axes[1].set_xlabel("kernel (output channel)")
    figure.colorbar(shown, ax=list(axes), label="weight")
    plt.close(figure)
    return figure


def distance_and_zeros(sweep: pd.DataFrame, optimum: pd.DataFrame, threshold: float) -> Figure:
    """Relative distance and share of zeros of each layer against t, with the rule's t and the exact optimum.

    Args:
        sweep: columns layer, threshold, distance (0..1), zeros (0..1).
        optimum: the same columns, one row a layer: the exact optimum and the t that gives it.
        threshold: t of the study.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharex=True)
    for axis, (column, label) in zip(
        axes,
        (("distance", "$\\|W - \\alpha W′\\| / \\|W\\|$ (%)"), ("zeros", "zero weights (%)")),
        strict=True,
    ):
        for colour, (layer, rows) in zip(PALETTE, sweep.groupby("layer", sort=False), strict=False):
            axis.plot(rows["threshold"], 100 * rows[column], color=colour, label=str(layer))
            best = optimum[optimum["layer"] == layer]
            axis.plot(best["threshold"], 100 * best[column], "D", color=colour, markeredgecolor="black", zorder=3)
        axis.axvline(threshold, color="black", linestyle="--", label=f"t = {threshold:g}")
        axis.plot([], [], "D", color="white", markeredgecolor="black", label="exact optimum")
        axis.set(xlabel="threshold t", ylabel=label, ylim=(0, 100))
    axes[0].legend(frameon=False, fontsize="small", ncols=2)
    figure.suptitle("Distance and zeros of each layer against the threshold", x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def accuracy_sweep(sweep: pd.DataFrame, threshold: float, reference: float) -> Figure:
    """Accuracy without retraining against t: a dot a fold, a line through the means, one colour a treatment.

    Args:
        sweep: columns threshold, statistics (which batch-norm statistics), fold, accuracy (0..1).
        threshold: t of the study.
        reference: accuracy of the float network on the same samples, 0..1.
    """
    figure, axis = plt.subplots(figsize=(8, 4.2))
    marks = ("o", "s", "^", "D")
    for colour, mark, (name, rows) in zip(PALETTE, marks, sweep.groupby("statistics", sort=False), strict=False):
        axis.plot(rows["threshold"], 100 * rows["accuracy"], mark, color=colour, alpha=0.45, markersize=5)
        mean = rows.groupby("threshold")["accuracy"].mean()
        axis.plot(mean.index, 100 * mean, "-", marker=mark, color=colour, linewidth=2, label=f"{name} (mean)")
    axis.axhline(100 * reference, color=PALETTE[2], linestyle="-.", label="float weights (mean)")
    axis.axvline(threshold, color="black", linestyle="--", label=f"t = {threshold:g}")
    axis.set(xlabel="threshold t", ylabel="accuracy (%)", title="Accuracy without retraining against the threshold")
    axis.set_ylim(0, 102)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def shapes(masters: Mapping[str, Float[np.ndarray, "epochs ..."]], threshold: float, epochs: Sequence[int]) -> Figure:
    """Float master weights over their threshold, a row a layer and a column an epoch, with thresholds and levels.

    Args:
        masters: layer name to its weights before training and after each epoch.
        threshold: t of the rule.
        epochs: which to draw; 0 is before training.
    """
    figure, axes = plt.subplots(len(masters), len(epochs), figsize=(11, 1.5 * len(masters)), sharex=True, squeeze=False)
    bins = np.linspace(-4, 4, 61)
    for row, (name, held) in zip(axes, masters.items(), strict=True):
        for axis, epoch in zip(row, epochs, strict=True):
            weight = held[epoch].ravel()
            ratio = weight / (threshold * np.abs(weight).mean())
            axis.hist(ratio.clip(-4, 4), bins=bins, color=PALETTE[5])
            level = np.abs(ratio[np.abs(ratio) > 1]).mean()
            for side in (-1, 1):
                axis.axvline(side, color=PALETTE[3], linestyle="--", linewidth=1)
                axis.plot(side * level, 0, "D", color="black", markersize=5, clip_on=False, zorder=3)
            axis.set_yticks([])
            axis.set_title(f"{100 * (np.abs(ratio) <= 1).mean():.0f} % zeros", fontsize="small", loc="right")
        row[0].set_ylabel(name, fontsize="small")
    for axis, epoch in zip(axes[-1], epochs, strict=True):
        axis.set_xlabel("before training" if epoch == 0 else f"epoch {epoch}")
    figure.suptitle("Float weights over their threshold W / Δ", x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def trained_sweep(sweep: pd.DataFrame, threshold: float, reference: Sequence[float]) -> Figure:
    """Accuracy and zeros after quantization-aware training with each threshold: a dot a fold, a line through means.

    Args:
        sweep: columns threshold, fold, accuracy (0..1), zeros (0..1).
        threshold: t of the study.
        reference: accuracy of the float network on each of these folds, 0..1; may be empty.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharex=True)
    for axis, column, colour in zip(axes, ("accuracy", "zeros"), PALETTE, strict=False):
        axis.plot(sweep["threshold"], 100 * sweep[column], "o", color=colour, alpha=0.5)
        mean = sweep.groupby("threshold")[column].mean()
        axis.plot(mean.index, 100 * mean, "-o", color=colour, linewidth=2, label="mean of the folds")
        axis.axvline(threshold, color="black", linestyle="--", label=f"t = {threshold:g}")
        axis.set(xlabel="threshold t", ylabel=f"{column} (%)")
    if len(reference):
        axes[0].axhline(100 * float(np.mean(reference)), color=PALETTE[2], linestyle="-.", label="float weights (mean)")
    axes[0].legend(frameon=False, fontsize="small")
    figure.suptitle("Accuracy and zeros after training with each threshold", x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure
