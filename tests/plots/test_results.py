"""Figures that compare stages say what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from harlib.evaluate import Interval
from harlib.plots import results


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def test_by_stage_shows_every_fold_and_points_at_what_the_close_up_leaves_out():
    accuracies = {"fp32": [0.98, 1.0, 0.99], "ptq": [0.2, 0.3, 0.25], "qat": [0.97, 0.99, 0.98]}
    whole, near = results.by_stage(accuracies, ["fp32", "qat"], "title").axes
    assert [label.get_text() for label in whole.get_yticklabels()] == list(accuracies)
    dots = [line for line in whole.lines if line.get_marker() == "o"]
    assert [sorted(line.get_xdata()) for line in dots] == [[98, 99, 100], [20, 25, 30], [97, 98, 99]]
    assert near.get_xlim()[0] > 90
    assert [text.get_text() for text in near.texts] == ["$\\leftarrow$ 25.0"]
    assert not whole.texts
    assert whole.get_xlabel() == near.get_xlabel() == "accuracy (%)"


def test_drops_draw_an_interval_a_stage_and_set():
    found = {"test": {"a": Interval(0.01, -0.01, 0.02)}, "fresh": {"a": Interval(0.02, 0.01, 0.04)}}
    axis = results.drops(found, "title").axes[0]
    assert [container.get_label() for container in axis.containers] == ["test", "fresh"]
    spans = [container.lines[2][0].get_segments()[0][:, 0].tolist() for container in axis.containers]
    assert spans == [pytest.approx([-1, 2]), pytest.approx([1, 4])]
    assert "(points)" in axis.get_xlabel()


def test_drops_beyond_the_limit_are_numbers_at_the_edge():
    nan = float("nan")
    found = {"test": {"a": Interval(0.01, 0.0, 0.02), "b": Interval(0.4, 0.3, 0.5), "c": Interval(nan, nan, nan)}}
    axis = results.drops(found, "title", limit=5.0).axes[0]
    assert [text.get_text() for text in axis.texts] == ["40.0"]
    assert axis.containers[0].lines[0].get_xdata()[0] == 1
    assert axis.get_xlim()[1] <= 6


def test_confusions_write_counts():
    counts = np.array([[3, 1], [0, 4]])
    figure = results.confusions({"fp32": counts, "integer": counts.T.copy()}, ["x", "y"], "title")
    first, second = figure.axes[:2]
    assert [text.get_text() for text in first.texts] == ["3", "1", "0", "4"]
    assert [text.get_text() for text in second.texts] == ["3", "0", "1", "4"]
    assert first.get_ylabel() == "true class"
    assert first.get_xlabel() == second.get_xlabel() == "predicted class"


def test_sizes_stack_parts_and_write_totals():
    axis = results.sizes({"float": {"weights": 100.0, "other": 20.0}, "small": {"weights": 5.0}}, "title").axes[0]
    assert [text.get_text() for text in axis.texts] == ["120", "5"]
    assert [bar.get_width() for bar in axis.patches] == [100, 5, 20, 0]
    assert axis.get_xlabel() == "size (bytes)"


def test_reliability_draws_bins_with_intervals_beside_the_diagonal():
    bins = [(0.7, Interval(0.6, 0.5, 0.72)), (0.99, Interval(0.98, np.nan, np.nan))]
    axes = results.reliability({"fp32": bins, "integer": bins}, "title").axes
    assert [axis.get_title() for axis in axes] == ["fp32", "integer"]
    line, _, (bars,) = axes[0].containers[0].lines
    assert list(line.get_xdata()) == pytest.approx([70, 99])
    assert list(line.get_ydata()) == pytest.approx([60, 98])
    assert bars.get_segments()[0][:, 1] == pytest.approx([50, 72])
    assert axes[0].get_xlim() == pytest.approx((55, 102))
