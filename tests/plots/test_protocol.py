"""Figures that question the protocol show the numbers they were given."""

import math

import matplotlib.pyplot as plt
import pytest

from harlib.evaluate import Bin, Interval
from harlib.plots import protocol

NONE = Interval(0.5, math.nan, math.nan)


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def spans(axis, way):
    """Ends of the error bars of each container of an axis, along x (0) or y (1)."""
    return [
        [sorted(segment[:, way]) for bars in container.lines[2] for segment in bars.get_segments()]
        for container in axis.containers
    ]


def test_differences_draw_each_interval_in_points_and_a_line_at_none():
    axis = protocol.differences({"a": Interval(0.01, -0.01, 0.03), "b": NONE}, "gained (points)", "title").axes[0]
    assert [text.get_text() for text in axis.texts] == ["+1.00", "+50.00"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert spans(axis, 0)[0] == [pytest.approx([-1, 3])]
    assert spans(axis, 0)[1] == [pytest.approx([50, 50])]
    assert [line.get_xdata() for line in axis.lines][-1] == [0, 0]


def test_the_learning_curve_has_a_dot_a_network_and_an_interval_a_size():
    found = {3: Interval(0.8, 0.7, 0.9), 12: Interval(0.95, 0.9, 0.98)}
    axis = protocol.learning_curve(found, {3: [0.75, 0.85], 12: [0.95]}, "title").axes[0]
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in dots] == [pytest.approx([75, 85]), pytest.approx([95])]
    assert spans(axis, 1) == [[pytest.approx([70, 90]), pytest.approx([90, 98])]]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["3", "12"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("training subjects", "accuracy (%)")


def test_by_difficulty_draws_a_panel_a_draw_and_a_line_a_network():
    bins = [Bin(0, 10, 5, Interval(0.9, 0.8, 1.0)), Bin(10, 20, 5, NONE)]
    networks = {"fp32": bins, "integer": bins}
    figure = protocol.by_difficulty({"noise (dB)": networks, "distance (m)": networks}, "title")
    assert [axis.get_xlabel() for axis in figure.axes] == ["noise (dB)", "distance (m)"]
    for axis in figure.axes:
        assert [container.get_label() for container in axis.containers] == ["fp32", "integer"]
        for container in axis.containers:
            assert container.lines[0].get_ydata() == pytest.approx([90, 50])
            assert container.lines[0].get_xdata() == pytest.approx([5, 15], abs=0.5)
        assert spans(axis, 1)[0] == [pytest.approx([80, 100]), pytest.approx([50, 50])]
