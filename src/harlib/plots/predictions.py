"""A classified spectrogram beside its logits."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import UInt8
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
