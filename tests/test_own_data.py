"""What a study asks of parameters `data_file` and `publish_samples`, without running it."""

import numpy as np
import pytest
from helpers import CLASSES, toy_dataset

from harlib import data, parameters, study, workflow
from harlib.errors import HarlibError
from harlib.plots import predictions, style
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import fp32

SMALL = {"subjects": 4, "folds": 2, "fp32_epochs": 1, "batch_size": 16, "workers": 1}


@pytest.mark.parametrize("name", ["/home/ann/data.npz", "../data.npz", "data/../../x.npz"])
def test_a_data_file_outside_the_project_is_refused(name):
    with pytest.raises(HarlibError, match="must lie inside the project"):
        parameters.check({"data_file": name})


def test_a_missing_data_file_stops_before_any_work(tmp_path):
    with pytest.raises(HarlibError, match=r"data_file: .*no-such\.npz is missing: make it with `harlib import"):
        workflow.prepare(project_root(), Run(tmp_path), parameters.check({"data_file": "no-such.npz"}))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, True),
        ({"data_file": "data/own.npz"}, False),
        ({"data_file": "data/own.npz", "publish_samples": True}, True),
    ],
)
def test_samples_of_people_are_shown_only_where_asked(tmp_path, values, shown):
    run = Run(tmp_path)
    assert study.Study("test", parameters.check(values), run, run).shows_samples is shown


def test_a_run_without_its_data_never_falls_back_to_the_simulation(tmp_path):
    run = Run(tmp_path)
    with pytest.raises(HarlibError, match=r"data\.npz is missing: run notebook 01"):
        study.Study("test", parameters.check({"data_file": "data/own.npz"}), run, run).dataset()


def test_a_stage_runs_without_a_fresh_test_set(tmp_path):
    run, own = Run(tmp_path / "run"), toy_dataset(4, 10)
    data.save(run.path / "data.npz", own)
    data.save(run.path / "fresh.npz", data.empty(own))
    table = study.Study("test", parameters.check(SMALL), run, run).run(fp32)
    assert "fresh_accuracy" not in set(table.metric)
    assert run.result("fp32", 0)["fresh_predictions"] == []


def test_an_empty_data_set_keeps_classes_and_unit():
    own = toy_dataset()
    none = data.empty(own)
    assert (len(none), none.classes, none.unit) == (0, CLASSES, own.unit)


def test_the_note_that_folds_may_leak_survives_the_file_and_others_do_not_get_it(tmp_path):
    own = toy_dataset()
    for leaky in (False, True):
        data.save(tmp_path / "a.npz", data.Dataset(own.x, own.y, own.group, CLASSES, "", "", leaky=leaky))
        assert data.load(tmp_path / "a.npz").leaky is leaky


def test_what_stands_in_place_of_samples_says_why():
    (axes,) = style.withheld().axes
    assert "publish_samples is false" in axes.texts[0].get_text()


def test_the_largest_logit_stands_out():
    figure = predictions.prediction(np.zeros((64, 64), np.uint8), {"a": -5, "b": 7, "c": 2}, "title")
    bars = figure.axes[1].patches
    assert [bar.get_width() for bar in bars] == [-5, 7, 2]
    assert bars[0].get_facecolor() == bars[2].get_facecolor() != bars[1].get_facecolor()
