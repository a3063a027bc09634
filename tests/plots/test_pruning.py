"""Figures about pruning say what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from harlib.plots import pruning


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def test_zeros_by_layer_draw_a_bar_a_layer_and_way():
    shares = {"by itself": np.array([0.2, 0.5]), "ranked": np.array([0.4, 0.3])}
    axis = pruning.zeros_by_layer(shares, ["a", "b"], 0.45, "title").axes[0]
    heights = [bar.get_height() for bars in axis.containers for bar in bars]
    assert heights == pytest.approx([20, 50, 40, 30])
    assert list(axis.lines[0].get_ydata()) == pytest.approx([45, 45])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["a", "b"]
    assert "(%)" in axis.get_ylabel()


def test_zeros_over_epochs_mark_share_ramp_and_freeze():
    axis = pruning.zeros_over_epochs([[0.3, 0.4, 0.5], [0.2, 0.4, 0.5]], 0.5, ramp=1, frozen_from=2).axes[0]
    assert list(axis.lines[1].get_ydata()) == pytest.approx([20, 40, 50])
    assert list(axis.lines[1].get_xdata()) == [0, 1, 2]
    assert axis.get_legend_handles_labels()[1] == ["one fold", "wanted share", "ramp", "support frozen"]
    assert axis.get_xlabel() == "finished epochs"
