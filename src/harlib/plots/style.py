"""One look for every figure: the Okabe-Ito palette, which colour-blind readers can tell apart, and quiet axes.

Notebooks show figures as SVG. The book recolours ink and paper by its theme and leaves the colours of data alone.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

INK = "#1b1b1f"
PAPER = "#ffffff"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
SPECTROGRAM = "viridis"


def use() -> None:
    """Set the look for the figures that follow in this process, and vector graphics where a notebook shows them."""
    if "ipykernel" in sys.modules:
        from matplotlib_inline.config import InlineBackend

        notebook: Any = InlineBackend.instance()
        notebook.print_figure_kwargs = {**notebook.print_figure_kwargs, "metadata": {"Date": None}}
        notebook.figure_formats = {"svg"}
    sns.set_theme(style="ticks", context="notebook", palette=PALETTE)
    mpl.rcParams.update(
        {
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "image.interpolation": "none",
            "svg.fonttype": "none",
            "svg.hashsalt": "harlib",
            "savefig.facecolor": PAPER,
            **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
        }
    )


@contextlib.contextmanager
def look() -> Iterator[None]:
    """The look for figures that are drawn and saved inside the block; the process's own look is left alone."""
    with mpl.rc_context():
        use()
        yield


def withheld() -> Figure:
    """What stands in place of samples that may not be shown."""
    figure, axes = plt.subplots(figsize=(7, 1))
    axes.set_axis_off()
    reason = "Not shown: recordings of people are personal data, and publish_samples is false."
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes)
    plt.close(figure)
    return figure
