"""Figures about folding and integers say what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from harlib.integer.proofs import Bounds
from harlib.plots import integer


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def bounds(low, high):
    return Bounds(np.array([low, low + 1]), np.array([high - 1, high]))


def test_multipliers_draw_a_dot_a_channel_and_leave_out_zero():
    axis = integer.multipliers({"a": [np.array([0.5, 2.0]), np.array([0.0, 8.0])]}, "title").axes[0]
    dots, median = axis.lines[:2]
    assert sorted(dots.get_xdata()) == [0.5, 2.0, 8.0]
    assert list(median.get_xdata()) == [2.0]
    assert axis.get_xscale() == "log"
    assert "output steps" in axis.get_xlabel()


@pytest.mark.parametrize(("low", "high"), [(-129, 100), (-5, 127), (-128, 5), (0, 0), (3, 255), (-1, -1)])
def test_bits_needed_are_the_least_that_hold_both_ends(low, high):
    bits = integer.bits_needed(low, high)
    assert -(2 ** (bits - 1)) <= low <= high <= 2 ** (bits - 1) - 1
    assert bits == 1 or not (-(2 ** (bits - 2)) <= low <= high <= 2 ** (bits - 2) - 1)


def test_accumulator_bounds_span_all_channels():
    axis = integer.accumulator_bounds({"a": bounds(-300, 200), "b": bounds(0, 9)}, (-(2**23), 2**23 - 1), "title").axes[
        0
    ]
    assert [(bar.get_x(), bar.get_width()) for bar in axis.patches] == [(-300, 500), (0, 9)]
    assert [text.get_text() for text in axis.texts] == ["10 bits", "5 bits"]
    assert [line.get_xdata()[0] for line in axis.lines] == [-(2**23), 2**23 - 1]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]


def test_dyadic_errors_draw_errors_below_their_bound():
    axis = integer.dyadic_errors({4: np.array([0.01, 0.0]), 2: np.array([0.1, 0.2])}, "title").axes[0]
    assert [len(line.get_xdata()) for line in axis.lines] == [2, 1, 2]
    assert list(axis.lines[-1].get_ydata()) == [2**-2, 2**-4]
    assert axis.get_xlabel()
    assert axis.get_ylabel()


def test_exactness_and_accuracy_share_their_bits():
    counts = {"nearest": {4: 90, 8: 7, 12: 0}, "exported": {4: 90, 8: 5, 12: 0}}
    above, below = integer.exactness_by_bits(counts, {4: 0.5, 8: 0.9, 12: 0.9}, 0.95, 8, "title").axes
    assert [list(line.get_ydata()) for line in above.lines[:2]] == [[90, 7, 0], [90, 5, 0]]
    assert above.get_ylim()[0] < 0 < 90 < above.get_ylim()[1]
    assert [list(line.get_ydata()) for line in below.lines[:2]] == [[50, 90, 90], [95, 95]]
    assert [list(axis.lines[2].get_xdata()) for axis in (above, below)] == [[8, 8], [8, 8]]
    assert above.get_ylabel()
    assert "(%)" in below.get_ylabel()


def test_widths_write_every_box_and_arrow():
    axis = integer.widths({"add": "weights: 2 bits", "shift": "shift"}, ["uint8", "14 bits", "uint8"], "title").axes[0]
    written = {text.get_text().strip() for text in axis.texts} - {""}
    assert written == {"add", "shift", "weights: 2 bits", "uint8", "14 bits"}
    with pytest.raises(ValueError, match="one more arrow"):
        integer.widths({"add": "weights"}, ["uint8"], "title")
