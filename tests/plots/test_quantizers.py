"""Figures about quantizers say what they were given."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import torch

from harlib.plots import quantizers


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def test_straight_through_draws_staircase_and_surrogate():
    x = torch.linspace(-1, 3, 9)
    figure = quantizers.straight_through(x, x.round(), (x > 0).float(), x)
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == x.round().tolist()
    assert right.lines[1].get_ydata().tolist() == (x > 0).float().tolist()
    assert all(axis.get_xlabel() and axis.get_ylabel() for axis in figure.axes)


def test_error_by_zero_point_is_relative_to_zero_point_0():
    errors = pd.DataFrame({"layer": ["a", "a", "b", "b"], "zero_point": [0, 128] * 2, "error": [2.0, 4.0, 1.0, 3.0]})
    axis = quantizers.error_by_zero_point(errors).axes[0]
    assert [line.get_label() for line in axis.lines] == ["a", "b"]
    assert [line.get_ydata()[-1] for line in axis.lines] == [2.0, 3.0]


def test_learned_scales_draw_a_dot_a_fold():
    scales = pd.DataFrame({"layer": ["a", "a", "b", "b"], "fold": [0, 1] * 2, "ratio": [0.9, 1.1, 1.2, 1.3]})
    axis = quantizers.learned_scales(scales).axes[0]
    dots = sorted(float(x) for held in axis.collections for x in held.get_offsets()[:, 0])
    assert dots == pytest.approx([0.9, 1.1, 1.2, 1.3])
    assert "s / s0" in axis.get_xlabel()
