"""Figures about training say what they were given: numbers of lines, marks and cells, labelled axes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from harlib import evaluate
from harlib.plots import training
from harlib.plots.style import PALETTE


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def labelled(figure):
    axes = [axis for axis in figure.axes if axis.get_visible() and axis.axison]
    return all(axis.get_xlabel() or axis.get_ylabel() for axis in axes)


def test_curves_draw_a_line_a_fold_and_their_mean():
    figure = training.curves({"loss": [[3.0, 1.0], [1.0, 0.0]], "accuracy (%)": [[10, 20], [30, 40]]}, "title")
    assert [axis.get_ylabel() for axis in figure.axes] == ["loss", "accuracy (%)"]
    for axis, mean in zip(figure.axes, ([2.0, 0.5], [20, 30]), strict=True):
        assert len(axis.lines) == 3
        np.testing.assert_allclose(axis.lines[-1].get_ydata(), mean)
        assert list(axis.lines[-1].get_xdata()) == [1, 2]


def test_fold_accuracies_draw_every_fold_and_the_mean_in_percent():
    figure = training.fold_accuracies({"a": [0.9, 1.0], "b": [0.5, 0.7]}, "title")
    axis = figure.axes[0]
    dots = [line for line in axis.lines if to_hex(line.get_color()).upper() == PALETTE[5]]
    assert [list(line.get_xdata()) for line in dots] == [pytest.approx([90, 100]), pytest.approx([50, 70])]
    assert [text.get_text() for text in axis.texts] == ["95.0", "60.0"]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["a", "b"]
    assert axis.get_xlabel() == "accuracy (%)"


def test_intervals_name_their_ends():
    figure = training.intervals({"t": evaluate.Interval(0.9, 0.8, 0.95)}, "title")
    assert [text.get_text() for text in figure.axes[0].texts] == ["80.00 to 95.00"]


def test_confusion_shows_counts_and_shades_the_share_of_the_row():
    counts = np.array([[3, 1], [0, 0]])
    figure = training.confusion(counts, ["a", "b"], "title")
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.texts] == ["3", "1", "0", "0"]
    np.testing.assert_allclose(np.ravel(axis.collections[0].get_array()), [75, 25, 0, 0])
    assert labelled(figure)


@pytest.mark.parametrize("count", [1, 3, 4])
def test_spectrograms_draw_each_picture_under_one_scale(count):
    x = np.random.default_rng(0).integers(2400, 3400, (count, 64, 64)).astype(np.uint16)
    figure = training.spectrograms(x, [f"number {i}" for i in range(count)])
    images = [image for axis in figure.axes for image in axis.images]
    assert len(images) == count
    assert len({image.get_clim() for image in images}) == 1
    np.testing.assert_array_equal(images[-1].get_array(), x[-1])
    assert [axis.get_title() for axis in figure.axes if axis.images] == [f"number {i}" for i in range(count)]


def test_errors_by_subject_counts_subjects_beside_the_expectation():
    figure = training.errors_by_subject([0, 0, 3], np.array([1.5, 1.0, 0.5]), "title")
    observed, expected = figure.axes[0].containers
    assert [bar.get_height() for bar in observed] == [2, 0, 0, 1]
    assert [bar.get_height() for bar in expected] == [1.5, 1.0, 0.5, 0]
    assert labelled(figure)


def test_curves_by_name_draw_a_line_a_name_in_every_panel():
    figure = training.curves_by_name({"scale": {"a": [1.0, 2.0], "b": [3.0, 4.0]}, "z": {"a": [0, 0]}}, "title")
    assert [[list(line.get_ydata()) for line in axis.lines] for axis in figure.axes] == [[[1, 2], [3, 4]], [[0, 0]]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert labelled(figure)
