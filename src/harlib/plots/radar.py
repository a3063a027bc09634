"""Figures about the radar: trajectories, samples, spectra, spectrograms in seconds and metres a second."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Complex, Float, Num
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from harlib.plots.style import PALETTE, SPECTROGRAM

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
CLASS_COLOURS = tuple(PALETTE[i] for i in (0, 1, 2, 4, 7, 5, 3, 6))  # clouds that overlap keep apart
VELOCITY, TIME = "radial velocity (m/s)", "time (s)"


def trajectories(
    time: Float[np.ndarray, " knots"], ranges: Mapping[str, Float[np.ndarray, " knots"]], zoom: tuple[float, float]
) -> Figure:
    """Distance from the radar over a whole recording, and again over a short part of it.

    Args:
        time: seconds.
        ranges: what moves to its distance in metres.
        zoom: first and last second of the part.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.8))
    inside = (time >= zoom[0]) & (time <= zoom[1])
    for axis, shown in zip(axes, (np.ones_like(inside), inside), strict=True):
        for colour, (name, metres) in zip(PALETTE, ranges.items(), strict=False):
            axis.plot(time[shown], metres[shown], color=colour, label=name)
        axis.set(xlabel=TIME, ylabel="distance R (m)")
    axes[0].axvspan(*zoom, color="0.9", zorder=0)
    axes[0].set_title("Whole recording")
    axes[1].set_title("The shaded part")
    axes[1].legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def spectra(
    velocity: Float[np.ndarray, " rows"],
    targets: Sequence[tuple[float, float, Float[np.ndarray, " rows"]]],
) -> Figure:
    """Spectra of point targets, with a dashed line where the formula puts each.

    Args:
        velocity: of the rows, m/s.
        targets: true velocity and the formula's (m/s), and level a row (dB below the peak).
    """
    figure, axis = plt.subplots(figsize=(9, 3.6))
    for colour, mark, (true, expected, level) in zip(PALETTE, MARKERS, targets, strict=False):
        axis.plot(velocity, level, mark, color=colour, markersize=4, linestyle="-", label=f"target at {true:+.2f} m/s")
        axis.axvline(expected, color=colour, linestyle="--")
    axis.plot([], [], "--", color="0.4", label="formula")
    axis.set(xlabel=VELOCITY, ylabel="level (dB)", ylim=(-60, 5), title="One frame's spectrum of each target")
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def aliasing(true: Float[np.ndarray, " n"], measured: Float[np.ndarray, " n"], limit: float) -> Figure:
    """Velocity of the strongest row against the true one, with the formula's saw-tooth.

    Args:
        true: of the targets, m/s.
        measured: of the row with most power, m/s.
        limit: the unambiguous velocity, m/s.
    """
    figure, axis = plt.subplots(figsize=(8, 3.8))
    line = np.linspace(true.min(), true.max(), 2001)
    wrapped = (line + limit) % (2 * limit) - limit
    wrapped[1:][np.diff(wrapped) < 0] = np.nan
    axis.plot(line, wrapped, color=PALETTE[1], label="formula")
    axis.plot(true, measured, "o", color=PALETTE[0], markersize=3, label="strongest row")
    for side in (-limit, limit):
        axis.axvline(side, color=PALETTE[3], linestyle="--", label="unambiguous velocity" if side > 0 else None)
    axis.set(xlabel="true " + VELOCITY, ylabel="shown velocity (m/s)", title="Shown against true velocity")
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def samples(time: Float[np.ndarray, " n"], iq: Complex[np.ndarray, " n"]) -> Figure:
    """The two parts of the complex samples over time, each on its own scale: clutter may hold them far apart.

    Args:
        time: seconds.
        iq: complex samples in units of the receiver noise's rms.
    """
    figure, axes = plt.subplots(2, 1, figsize=(9, 4), sharex=True)
    parts = (("I (real part)", iq.real), ("Q (imaginary part)", iq.imag))
    for axis, colour, (name, values) in zip(axes, PALETTE, parts, strict=False):
        axis.plot(time, values, color=colour)
        axis.set_title(name)
    axes[-1].set_xlabel(TIME)
    figure.supylabel("amplitude (noise rms)", fontsize="medium")
    plt.close(figure)
    return figure


def pictures(
    panels: Mapping[str, Num[np.ndarray, "rows columns"]],
    duration_s: float,
    limit: float,
    label: str,
    span: tuple[float, float],
) -> Figure:
    """Spectrograms side by side under one colour scale.

    Args:
        panels: title to picture, Doppler by time.
        duration_s: of the recording.
        limit: the unambiguous velocity, m/s.
        label: of the colour scale, with unit.
        span: least and largest value of the colour scale.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(3.4 * len(panels), 3.4), sharey=True, squeeze=False)
    for axis, (title, picture) in zip(axes[0], panels.items(), strict=True):
        shown = _show(axis, picture, duration_s, limit, span)
        axis.set_title(title, fontsize="small")
        axis.set_xlabel(TIME)
    axes[0, 0].set_ylabel(VELOCITY)
    figure.colorbar(shown, ax=list(axes[0]), label=label)
    plt.close(figure)
    return figure


def envelopes(
    panels: Mapping[str, Num[np.ndarray, "64 64"]],
    edges: Mapping[str, tuple[Float[np.ndarray, "64"], Float[np.ndarray, "64"]]],
    duration_s: float,
    limit: float,
    label: str,
) -> Figure:
    """Spectrograms side by side with the two edges of what is lit in each column.

    Args:
        panels: title to picture, Doppler by time.
        edges: title to the fastest approach and the fastest retreat of each column, m/s.
        duration_s: of a recording.
        limit: the unambiguous velocity, m/s.
        label: of the colour scale, with unit.
    """
    span = tuple(float(edge) for edge in np.quantile(list(panels.values()), [0.01, 0.999]))
    figure = pictures(panels, duration_s, limit, label, (span[0], span[1]))
    time = (np.arange(64) + 0.5) * duration_s / 64
    for axis, (approach, retreat) in zip(figure.axes, edges.values(), strict=False):
        for edge in (approach, retreat):
            axis.step(time, edge, where="mid", color="#fefefe", linewidth=1)  # data, not paper: no theme recolours it
    return figure


def gallery(
    rows: Mapping[str, Num[np.ndarray, "columns 64 64"]],
    duration_s: float,
    limit: float,
    unit: str,
    title: str,
    over: Sequence[str] = (),
) -> Figure:
    """Spectrograms in a row a class, all under one colour scale.

    Args:
        rows: class to its spectrograms, Doppler by time, as many in each.
        duration_s: of a recording.
        limit: the unambiguous velocity, m/s.
        unit: of the colour scale.
        title: of the figure.
        over: what stands over each column; nothing where it is left out.
    """
    columns = len(next(iter(rows.values())))
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(1.75 * columns + 1, 1.75 * len(rows)), sharex=True, sharey=True, squeeze=False
    )
    low, high = np.quantile(np.concatenate(list(rows.values())), [0.01, 0.999])
    for line, (name, held) in zip(axes, rows.items(), strict=True):
        for axis, picture in zip(line, held, strict=True):
            shown = _show(axis, picture, duration_s, limit, (float(low), float(high)))
        line[0].set_ylabel(name)
    for axis, heading in zip(axes[0], over, strict=False):
        axis.set_title(heading, fontsize="x-small")
    # Ticks at the left and the bottom only: each further axis takes its time to draw.
    for axis in axes[:, 1:].flat:
        axis.yaxis.set_visible(False)
    for axis in axes[:-1].flat:
        axis.xaxis.set_visible(False)
    figure.supxlabel(TIME, fontsize="medium")
    figure.supylabel(VELOCITY, fontsize="medium")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    figure.colorbar(shown, ax=axes.ravel().tolist(), shrink=0.6, label=unit)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # solved once: with so many axes each further drawing would take seconds
    plt.close(figure)
    return figure


def _show(
    axis: Axes, picture: Num[np.ndarray, "rows columns"], duration_s: float, limit: float, span: tuple[float, float]
) -> AxesImage:
    half = limit / len(picture)  # the middle row's centre is 0
    extent = (0.0, duration_s, -limit - half, limit - half)
    return axis.imshow(
        picture, cmap=SPECTROGRAM, vmin=span[0], vmax=span[1], origin="lower", aspect="auto", extent=extent
    )


def traits(table: pd.DataFrame, across: str, up: str, title: str) -> Figure:
    """Two traits of every sample against each other, a colour and a mark a class.

    Args:
        table: column `class`, whose order is that of the colours if it is categorical, and the two traits.
        across, up: names of the traits, with units.
        title: of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 4.6))
    for colour, mark, (name, rows) in zip(CLASS_COLOURS, MARKERS, table.groupby("class", observed=True), strict=False):
        dots = axis.scatter(rows[across], rows[up], s=16, color=colour, marker=mark, alpha=0.6, linewidths=0)
        dots.set(label=str(name), rasterized=True)
    axis.set(xlabel=across, ylabel=up, title=title)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def draws(table: pd.DataFrame, title: str) -> Figure:
    """What was drawn for each recording, as one rising curve a class: the share of recordings at or below a value.

    Args:
        table: column `class` and a column a quantity, named with its unit.
        title: of the figure.
    """
    names = [name for name in table.columns if name != "class"]
    figure, axes = plt.subplots(2, -(-len(names) // 2), figsize=(11, 5.4), sharey=True, squeeze=False)
    styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
    for axis, name in zip(axes.ravel(), names, strict=False):
        for i, (activity, rows) in enumerate(table.groupby("class", observed=True)):
            axis.ecdf(
                rows[name],
                color=CLASS_COLOURS[i % len(CLASS_COLOURS)],
                linestyle=styles[i % len(styles)],
                label=activity,
                rasterized=True,  # a vertex a recording; as paths they would outweigh the rest of the page
            )
        axis.set_xlabel(name)
    for axis in axes.ravel()[len(names) :]:
        axis.axis("off")
    for line in axes:
        line[0].set_ylabel("share at or below")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure
