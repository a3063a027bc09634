"""One look for every figure: the Okabe-Ito palette, which colour-blind readers can tell apart, and quiet axes."""

import matplotlib as mpl
import seaborn as sns

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
