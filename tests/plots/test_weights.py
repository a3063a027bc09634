"""Figures about ternary weights say what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from harlib import ternary
from harlib.plots import weights


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def test_before_after_writes_every_number():
    weight = torch.tensor([[0.9, -0.1], [0.4, -0.7]])
    figure = weights.before_after(weight, 0.7)
    written = [[float(text.get_text()) for text in axis.texts] for axis in figure.axes]
    assert written == [[0.9, -0.1, 0.4, -0.7], [1, 0, 1, -1], [0.67, 0, 0.67, -0.67]]


def test_distance_by_kept_marks_the_least_prefix():
    figure = weights.distance_by_kept([1, 2, 2], [2.0, 1.0, 3.0], np.array([2.0, 1.0, 1.5]), 3, "title")
    marks = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in figure.axes[0].lines}
    assert marks["exact optimum"] == ([2], [1.0])
    assert marks["threshold rule"] == ([3], [1.5])
    assert len(marks["any support, best $\\alpha$"][0]) == 3


def test_histograms_draw_thresholds_and_level_shares_of_each_layer():
    generator = torch.Generator().manual_seed(0)
    given = {name: torch.randn(5, 4, generator=generator) for name in ("first", "second", "third")}
    figure = weights.histograms(given, 0.7)
    panels = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == [f"{name} (20)" for name in given]
    for axis, weight in zip(panels, given.values(), strict=True):
        cut = 0.7 * float(weight.abs().mean())
        assert [line.get_xdata()[0] for line in axis.lines] == pytest.approx([-cut, cut])
        assert sum(bar.get_height() for bar in axis.patches) == weight.numel()
        assert axis.get_xlabel()
    twin = next(axis for axis in figure.axes if axis.get_ylabel().startswith("share"))
    codes, alpha = ternary.ternarize(given["first"], 0.7)
    levels = twin.containers[0].markerline
    assert list(levels.get_xdata()) == pytest.approx([-float(alpha), 0, float(alpha)])
    assert levels.get_ydata()[1] == pytest.approx(100 * float((codes == 0).double().mean()))


def test_distance_and_zeros_draw_each_layer_with_its_optimum():
    rows = [("a", 0.5, 0.4, 0.2), ("a", 1.0, 0.5, 0.6), ("b", 0.5, 0.3, 0.1), ("b", 1.0, 0.6, 0.5)]
    columns = ["layer", "threshold", "distance", "zeros"]
    best = pd.DataFrame([("a", 0.6, 0.35, 0.3), ("b", 0.7, 0.25, 0.2)], columns=columns)
    figure = weights.distance_and_zeros(pd.DataFrame(rows, columns=columns), best, 0.7)
    for axis, column in zip(figure.axes, ("distance", "zeros"), strict=True):
        lines = {line.get_label(): line for line in axis.lines}
        assert {"a", "b", "t = 0.7", "exact optimum"} <= set(lines)
        diamonds = [line for line in axis.lines if line.get_marker() == "D" and len(line.get_xdata())]
        assert [line.get_ydata()[0] for line in diamonds] == pytest.approx(list(100 * best[column]))
        assert axis.get_xlabel()
        assert axis.get_ylabel().endswith("(%)")


def test_accuracy_sweep_draws_folds_and_their_mean():
    rows = [(t, name, fold, 0.1 * fold + t / 10) for t in (0.5, 1.0) for name in ("x", "y") for fold in (1, 3)]
    sweep = pd.DataFrame(rows, columns=["threshold", "statistics", "fold", "accuracy"])
    axis = weights.accuracy_sweep(sweep, 0.7, 0.9).axes[0]
    lines = {line.get_label(): line for line in axis.lines}
    assert list(lines["x (mean)"].get_ydata()) == pytest.approx([25, 30])
    assert list(lines["float weights (mean)"].get_ydata()) == pytest.approx([90, 90])
    assert sum(len(line.get_xdata()) == 4 for line in axis.lines) == 2


def test_kernels_stand_side_by_side_before_and_after():
    weight = torch.randn(3, 1, 10, 4, generator=torch.Generator().manual_seed(0))
    figure = weights.kernels(weight, 0.7)
    before, after = (np.asarray(axis.images[0].get_array().filled(np.nan)) for axis in figure.axes[:2])
    assert before.shape == (10, 15)
    np.testing.assert_array_equal(before[:, 5:9], weight[1, 0].numpy())
    assert len(np.unique(after[np.isfinite(after)])) == 3
    assert np.isnan(before[:, 4::5]).all()


def test_shapes_draw_a_row_a_layer_and_a_column_an_epoch():
    held = np.stack([np.linspace(-1, 1, 40), np.linspace(-2, 2, 40)])
    figure = weights.shapes({"a": held, "b": held * 3}, 0.7, [0, 1])
    assert len(figure.axes) == 4
    assert [axis.get_xlabel() for axis in figure.axes[-2:]] == ["before training", "epoch 1"]
    share = 100 * float((ternary.ternarize(torch.from_numpy(held[0]), 0.7)[0] == 0).double().mean())
    assert figure.axes[0].get_title(loc="right") == f"{share:.0f} % zeros"
    dashed = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert dashed == [-1, 1]


@pytest.mark.parametrize("reference", [[], [0.9, 0.7]])
def test_trained_sweep_draws_every_fold_and_the_mean(reference):
    rows = [(0.5, 0, 0.9, 0.3), (0.5, 1, 0.8, 0.3), (1.0, 0, 0.6, 0.5), (1.0, 1, 0.5, 0.5)]
    table = pd.DataFrame(rows, columns=["threshold", "fold", "accuracy", "zeros"])
    figure = weights.trained_sweep(table, 0.7, reference)
    dots, mean = figure.axes[0].lines[:2]
    np.testing.assert_allclose(dots.get_ydata(), [90, 80, 60, 50])
    np.testing.assert_allclose(mean.get_ydata(), [85, 55])
    levels = [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_label().startswith("float")]
    assert levels == ([pytest.approx(80)] if reference else [])
