"""A sweep's table, its points and its page."""

import itertools

import pandas as pd
import pytest

from harlib.evaluate import Interval
from harlib.plots import sweeps as drawing
from harlib.sweeps import graph, page, tables


def test_the_table_has_a_row_a_network_and_metric(finished):
    folder, held = finished
    tables.write(folder, held)
    table = pd.read_csv(folder / tables.TABLE)
    assert list(table.columns) == ["threshold", "seed", "stage", "fold", "metric", "value"]
    accuracies = table[table.metric == "accuracy"].groupby(["threshold", "seed", "stage"])["fold"].apply(list)
    assert len(accuracies) == 2 * 2 * 3
    assert all(folds == [0, 1] for folds in accuracies)


def test_a_point_s_accuracy_is_the_mean_of_its_networks(finished):
    folder, held = finished
    tables.write(folder, held)
    table = pd.read_csv(folder / tables.TABLE)
    places = tables.places(folder, held)
    assert [(place.point["threshold"], place.stage) for place in places] == list(
        itertools.product([0.5, 0.9], ["ternary-ptq-bn", "qat"])
    )
    for place in places:
        rows = table[(table.threshold == place.point["threshold"]) & (table.stage == place.stage)]
        means = rows.groupby("metric")["value"].mean()
        assert place.networks == 4
        assert place.zeros == pytest.approx(means["zeros"])
        assert place.accuracy.estimate == pytest.approx(means["accuracy"])  # folds of one size
        assert place.fresh.estimate == pytest.approx(means["fresh_accuracy"])
        before = table[(table.threshold == place.point["threshold"]) & (table.stage == "fp32")]
        lost = before.groupby("metric")["value"].mean() - means
        assert place.fresh_drop.estimate == pytest.approx(lost["fresh_accuracy"])
        assert place.drop.estimate == pytest.approx(lost["accuracy"])


def test_the_page_shows_every_point_with_its_interval(finished):
    folder, held = finished
    places = tables.places(folder, held)
    text = page.html("a-sweep", held, places, 4)
    assert "4 of 4 runs are finished" in text
    assert text.count("<svg") == 2  # test subjects, and the fresh set
    for place in places:
        percent = [100 * value for value in place.accuracy]
        assert f"{percent[0]:.2f} ({percent[1]:.2f} to {percent[2]:.2f})" in text


def test_a_sweep_on_validation_subjects_does_not_look_at_the_fresh_set(finished):
    folder, held = finished
    places = tables.places(folder, held | {"validation": True})
    assert all(place.fresh is None for place in places)
    text = page.html("a-sweep", held | {"validation": True}, places, 4)
    assert "validation subjects" in text
    assert text.count("<svg") == 1


def test_what_is_missing_is_left_out(finished, tmp_path):
    folder, held = finished
    lost = folder / graph.marker(held["results"][0])
    content = lost.read_text()
    lost.unlink()
    places = tables.places(folder, held)
    tables.write(folder, held)
    lost.write_text(content)
    assert [place.networks for place in places] == [2, 2, 4, 4]
    assert len(pd.read_csv(folder / tables.TABLE).groupby(["threshold", "seed"])) == 3


def test_a_list_of_points_may_vary_words():
    interval = Interval(0.9, 0.8, 1.0)
    held = {"varied": ["prune_rule", "sparsity"], "parameters": {}, "validation": False}
    places = [
        tables.Place({"prune_rule": rule, "sparsity": share}, "sparse", 2, share, interval, interval, None, None)
        for rule, share in (("layer", 0.5), ("magnitude", 0.5), ("layer", 0.7))
    ]
    (rule, share) = page._curves(held, places, lambda place: place.accuracy)
    assert rule[0] == "prune_rule"
    assert list(rule[1]["sparse"]) == ["sparsity = 0.5", "sparsity = 0.7"]
    assert [value for value, _ in share[1]["sparse"]["prune_rule = layer"]] == [0.5, 0.7]
    axes = drawing.against(rule[1], "prune_rule", "title").axes
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["layer", "magnitude"]
