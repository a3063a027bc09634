"""Stages run fold by fold: what is reused, what is made again, and what a notebook's parameters must be."""

import json

import pytest
from helpers import toy_dataset

from harlib import data, parameters, study
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import fp32, ternary_ptq

SMALL = {"subjects": 4, "folds": 2, "fp32_epochs": 1, "batch_size": 16, "workers": 1}


@pytest.fixture
def work(tmp_path):
    run = Run(tmp_path / "run")
    data.save(run.path / "data.npz", toy_dataset(4, 10))
    data.save(run.path / "fresh.npz", toy_dataset(2, 5, first=4, seed=1))
    return study.Study("test", parameters.check(SMALL), run, run)


def stamps(work, stage):
    paths = [work.target.result_path(stage.NAME, fold) for fold in range(2)]
    return [path.stat().st_mtime_ns for path in paths]


def test_a_stage_leaves_metrics_predictions_checkpoints_and_a_marker(work):
    table = work.run(fp32)
    assert list(table.columns) == ["seed", "stage", "fold", "metric", "value"]
    assert work.target.accuracies("fp32") == table[table.metric == "accuracy"].value.tolist()
    predictions = work.target.table("predictions")
    assert list(predictions.columns) == ["seed", "stage", "fold", "sample", "group", "label", "predicted"]
    assert sorted(predictions["sample"]) == list(range(40))
    share = (predictions.label == predictions.predicted).groupby(predictions.fold).mean()
    assert share.tolist() == pytest.approx(work.target.accuracies("fp32"))
    marker = json.loads((work.target.path / "stages" / "fp32.json").read_text())
    assert set(marker["files"]) == {f"checkpoints/fp32/fold{fold}.safetensors" for fold in range(2)}
    lines = (work.target.path / "progress.log").read_text().splitlines()
    assert len(lines) == 2
    assert "fold 1 of 2" in "".join(lines)


def test_finished_folds_are_reused_and_only_damaged_ones_run_again(work):
    work.run(fp32)
    before = stamps(work, fp32)
    work.run(fp32)
    assert stamps(work, fp32) == before
    work.target.checkpoint("fp32", 1).write_bytes(b"damaged")
    work.run(fp32)
    after = stamps(work, fp32)
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_a_parameter_that_matters_runs_the_stage_again_and_one_that_does_not_does_not(work):
    work.run(fp32)
    before = stamps(work, fp32)
    other = parameters.check(SMALL | {"threshold": 1.0, "workers": 2})
    study.Study("test", other, work.source, work.target).run(fp32)
    assert stamps(work, fp32) == before
    more = parameters.check(SMALL | {"fp32_epochs": 2})
    study.Study("test", more, work.source, work.target).run(fp32)
    assert all(now > then for now, then in zip(stamps(work, fp32), before, strict=True))


def test_two_processes_give_what_one_gives(work, tmp_path):
    work.run(fp32)
    other = Run(tmp_path / "other")
    study.Study("test", parameters.check(SMALL | {"workers": 2}), work.source, other).run(fp32)
    for fold in range(2):
        ours, theirs = (run.checkpoint("fp32", fold).read_bytes() for run in (work.target, other))
        assert ours == theirs
    assert (work.target.path / "metrics/fp32.csv").read_bytes() == (other.path / "metrics/fp32.csv").read_bytes()


def test_missing_and_damaged_upstream_is_named(work):
    with pytest.raises(HarlibError, match=r"fold0\.safetensors is missing"):
        work.run(ternary_ptq)
    work.run(fp32)
    work.target.checkpoint("fp32", 0).write_bytes(b"short")
    with pytest.raises(HarlibError, match=r"fold0\.safetensors is damaged"):
        work.run(ternary_ptq)


def test_a_folder_that_cannot_be_written_stops_with_an_error(work, tmp_path):
    (tmp_path / "file").write_text("")
    blocked = study.Study("test", work.parameters, work.source, Run(tmp_path / "file" / "run"))
    with pytest.raises(HarlibError, match="cannot be written"):
        blocked.run(fp32)


CALL = 'work = study.begin("x", globals())'


def begin(monkeypatch, tmp_path, *cells, extra=None):
    """Run cells as a notebook would, in a project of its own."""
    (tmp_path / "pyproject.toml").write_text('name = "harlib"')
    monkeypatch.chdir(tmp_path)
    names = {"In": [""], "study": study}
    for cell in cells:
        names["In"].append(cell)
        exec(cell, names)
    return names["work"]


def test_begin_takes_the_declared_values(monkeypatch, tmp_path):
    work = begin(monkeypatch, tmp_path, "threshold = 0.7  # t\nseed = 1", "threshold = 0.5", CALL)
    assert work.parameters.threshold == 0.5
    assert work.parameters.seed == 1
    assert work.target.path == tmp_path / "runs" / "scratch"


def test_begin_refuses_unknown_names_and_values_out_of_range(monkeypatch, tmp_path):
    with pytest.raises(HarlibError, match="unknown parameter 'treshold'"):
        begin(monkeypatch, tmp_path, "threshold = 0.7", "# Parameters\ntreshold = 0.5", CALL)
    with pytest.raises(HarlibError, match=r"notebook x: threshold = 9\.0"):
        begin(monkeypatch, tmp_path, "threshold = 9.0", CALL)
    assert not (tmp_path / "runs").exists()


def test_begin_again_after_other_cells_takes_the_new_values(monkeypatch, tmp_path):
    cells = ("threshold = 0.7", CALL, "k = 3", "print(k)", "threshold = 0.9", CALL)
    assert begin(monkeypatch, tmp_path, *cells).parameters.threshold == 0.9


def test_parameters_not_declared_are_those_of_the_run_read_from(monkeypatch, tmp_path):
    Run(tmp_path / "runs" / "a").save_parameters(parameters.check({"folds": 3, "seed": 7}))
    work = begin(monkeypatch, tmp_path, "from_run = 'runs/a'\nthreshold = 0.5", CALL)
    assert (work.parameters.folds, work.parameters.seed, work.parameters.threshold) == (3, 7, 0.5)


def test_a_parameter_of_another_notebook_is_refused(monkeypatch, tmp_path):
    with pytest.raises(HarlibError, match="'qat_epochs' belongs to another notebook"):
        begin(monkeypatch, tmp_path, "threshold = 0.7", "# Parameters\nqat_epochs = 3\nworkers = 1", CALL)


def test_a_run_that_does_not_exist_is_named(monkeypatch, tmp_path):
    with pytest.raises(HarlibError, match="runs/none does not exist"):
        begin(monkeypatch, tmp_path, "from_run = 'runs/none'", CALL)


def test_outside_the_project_the_library_finds_its_own(tmp_path):
    assert (project_root(tmp_path) / "src" / "harlib").is_dir()


def test_a_table_of_the_extended_run_comes_with_what_its_points_change(work, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "project_root", lambda: tmp_path)
    assert work.extended("sparsity") is None
    folder = tmp_path / "reference" / "extended"
    folder.mkdir(parents=True)
    (folder / "summary.csv").write_text(
        "table,point,stage,zeros\nsparsity,dense,sparse,0.42\nsparsity,raw,sparse,0.8\nother,a,qat,0.4\n"
    )
    (folder / "plan.yml").write_text(
        "sparsity:\n  seeds: [0]\n  points:\n"
        "    dense: {sparsity: 0.0}\n    raw: {sparsity: 0.8, prune_rule: magnitude}\n"
    )
    table = work.extended("sparsity")
    assert table["zeros"].tolist() == [0.42, 0.8]
    assert table["sparsity"].tolist() == [0.0, 0.8]
    assert table["prune_rule"].tolist() == ["threshold", "magnitude"]
    assert work.extended("absent") is None
