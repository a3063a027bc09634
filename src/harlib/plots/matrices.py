"""Small matrices, number by number."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from jaxtyping import Float
from matplotlib.figure import Figure


def matrices(panels: Mapping[str, tuple[Float[np.ndarray, "rows columns"], str]]) -> Figure:
    """Small matrices side by side, number by number.

    Args:
        panels: title to a matrix and the format of its numbers.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(2.75 * len(panels), 3.0), squeeze=False)
    for axis, (title, (values, number)) in zip(axes[0], panels.items(), strict=True):
        limit = max(float(np.abs(values).max()), 1e-9)
        sns.heatmap(
            values + 0.0,  # -0 is shown as 0
            annot=True,
            fmt=number,
            cmap="PuOr",
            vmin=-limit,
            vmax=limit,
            cbar=False,
            square=True,
            linewidths=1,
            annot_kws={"fontsize": 9},
            ax=axis,
        )
        axis.set(title=title, xlabel="column", ylabel="row")
    plt.close(figure)
    return figure
