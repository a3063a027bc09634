"""Classified spectrograms: one beside its logits, several with what was said about them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Num, UInt8
from matplotlib.figure import Figure

from harlib.plots.style import PALETTE, SPECTROGRAM


def prediction(codes: UInt8[np.ndarray, "64 64"], logits: Mapping[str, int], title: str) -> Figure:
    """What the network saw, and the logit of each class; the largest stands out.

    Args:
        codes: Doppler by time, 0..255.
        logits: class to its logit.
        title: of the figure.
    """
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    picture, bars = figure.subplots(1, 2)
    shown = picture.imshow(codes, cmap=SPECTROGRAM, vmin=0, vmax=255, origin="lower")
    picture.set(xlabel="time (columns)", ylabel="Doppler (rows)")
    figure.colorbar(shown, ax=picture, label="input code")
    best = max(logits, key=lambda name: logits[name])
    bars.barh(list(logits), list(logits.values()), color=[PALETTE[1 if name == best else 0] for name in logits])
    bars.invert_yaxis()
    bars.set(xlabel="logit (accumulator units)")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    return figure


def gallery(samples: Sequence[tuple[str, Num[np.ndarray, "64 64"]]], title: str, columns: int = 4) -> Figure:
    """Spectrograms in rows under one colour scale, each below its own title.

    Args:
        samples: title and raw log magnitudes, Doppler by time; one or more.
        title: of the figure.
        columns: pictures in a row.
    """
    rows = -(-len(samples) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.6 * columns, 2.9 * rows), squeeze=False)
    low, high = np.quantile(np.stack([picture for _, picture in samples]), [0.01, 0.999])
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, picture) in zip(axes.flat, samples, strict=False):
        axis.set_axis_on()
        axis.imshow(picture, cmap=SPECTROGRAM, vmin=low, vmax=high, origin="lower")
        axis.set_title(name, fontsize="x-small")
        axis.set(xticks=[], yticks=[])
    figure.supxlabel("time (columns)", fontsize="small")
    figure.supylabel("Doppler (rows)", fontsize="small")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure
