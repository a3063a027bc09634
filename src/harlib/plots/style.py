"""One look for every figure: the Okabe-Ito palette, which colour-blind readers can tell apart, and quiet axes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
SPECTROGRAM = "viridis"


def use() -> None:
    """Set the look for the figures that follow in this process."""
    sns.set_theme(style="ticks", context="notebook", palette=PALETTE)
    mpl.rcParams.update(
        {
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "svg.fonttype": "path",
            "svg.hashsalt": "harlib",
            "savefig.facecolor": "white",
        }
    )


def withheld() -> Figure:
    """What stands in place of samples that may not be shown."""
    figure, axes = plt.subplots(figsize=(7, 1))
    axes.set_axis_off()
    reason = "Not shown: recordings of people are personal data, and publish_samples is false."
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes)
    plt.close(figure)
    return figure
