"""Figures about pruning say what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
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


def toy_curve():
    zeros = np.array([0.42, 0.45, 0.8, 0.95])
    accuracy = np.array([0.98, 0.98, 0.95, 0.5])
    rows = []
    for rule, shift in (("threshold", 0.0), ("magnitude", 0.02)):
        rows += [
            (rule, z, a - shift, a - shift - 0.01, a - shift + 0.01, 0.98 - a, 0.97 - a, 0.99 - a)
            for z, a in zip(zeros, accuracy, strict=True)
        ]
    return pd.DataFrame(
        rows,
        columns=["prune_rule", "zeros", "accuracy", "accuracy_low", "accuracy_high", "drop", "drop_low", "drop_high"],
    )


def test_the_curve_draws_every_rule_its_marks_and_the_first_rule_s_drop():
    names = {"threshold": "|W| / threshold", "magnitude": "|W|"}
    shuffled = toy_curve().sample(frac=1, random_state=0)
    left, right = pruning.accuracy_by_zeros(shuffled, names, 0.45, 0.0051, "title").axes
    lines = {container.get_label(): container.lines for container in left.containers}
    assert list(lines) == list(names.values())
    line, _, (bars,) = lines["|W|"]
    assert list(line.get_xdata()) == pytest.approx([42, 45, 80, 95])
    assert list(line.get_ydata()) == pytest.approx([96, 96, 93, 48])
    assert bars.get_segments()[0][:, 1] == pytest.approx([95, 97])
    drop = right.containers[0].lines[0]
    assert list(drop.get_ydata()) == pytest.approx([0, 0, 3, 48])
    assert right.get_ylim()[1] == pytest.approx(5.1)
    marks = {line.get_label(): line for line in right.lines}
    assert set(marks["0.51 points"].get_ydata()) == {0.51}
    assert set(marks["45 % zeros"].get_xdata()) == {45}


def test_a_point_whose_interval_is_unknown_is_drawn_without_one():
    table = toy_curve().assign(accuracy_low=np.nan, accuracy_high=np.nan, drop_low=np.nan, drop_high=np.nan)
    assert pruning.accuracy_by_zeros(table, {"threshold": "rule"}, 0.45, 0.0051, "title").axes[0].containers


def test_free_or_frozen_draws_both():
    axis = pruning.free_or_frozen({"free": np.array([0.45, 0.4, 0.38])}, 0.45, "title").axes[0]
    assert list(axis.lines[0].get_ydata()) == pytest.approx([45, 40, 38])
    assert list(axis.lines[1].get_ydata()) == pytest.approx([45, 45, 45])
    assert axis.get_legend_handles_labels()[1] == ["free", "frozen support"]


def test_storage_by_zeros_draws_every_code_and_the_entropy():
    zeros = np.array([0.4, 0.9])
    axis = pruning.storage_by_zeros(zeros, {"a": np.array([2.0, 2.0]), "b": np.array([1.6, 1.1])}, zeros, "title").axes[
        0
    ]
    assert axis.get_legend_handles_labels()[1] == ["a", "b", "entropy"]
    assert list(axis.lines[1].get_ydata()) == [1.6, 1.1]
