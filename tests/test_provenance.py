"""The tables and the manifest of a whole run."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest
from helpers import toy_dataset

from harlib import data, files, manifest, parameters, provenance, stages, study
from harlib.errors import HarlibError
from harlib.runs import METRICS, PREDICTIONS, Run

FOLDS = 2


def finished(run, stage, guess):
    """Leave what a finished stage leaves: every prediction is `guess`."""
    held = data.load(run.path / "data.npz")
    rows = [(0, stage, fold, "accuracy", 0.5) for fold in reversed(range(FOLDS))]
    files.write(run.path / "metrics" / f"{stage}.csv", pd.DataFrame(rows, columns=METRICS).to_csv(index=False))
    rows = [(0, stage, i % FOLDS, i, int(held.group[i]), int(held.y[i]), guess) for i in range(len(held))]
    files.write(run.path / "predictions" / f"{stage}.csv", pd.DataFrame(rows, columns=PREDICTIONS).to_csv(index=False))
    for fold in range(FOLDS):
        at = {"started": f"2026-01-01T00:00:0{fold}+00:00", "seconds": 1.5 + fold, "peak_memory_mb": 400.2 + fold}
        result = at | {"fresh_predictions": [fold] * len(data.load(run.path / "fresh.npz"))}
        files.write(run.result_path(stage, fold), json.dumps(result))


@pytest.fixture
def work(tmp_path):
    run = Run(tmp_path / "whole")
    data.save(run.path / "data.npz", toy_dataset(4, 5))
    data.save(run.path / "fresh.npz", toy_dataset(2, 5, first=4, seed=1))
    for guess, stage in enumerate(stages.ORDER):
        finished(run, stage, guess % 5)
    return study.Study("test", parameters.check({"folds": FOLDS, "subjects": 4}), run, run)


def test_tables_hold_every_stage_in_the_books_order(work):
    tables = provenance.gather(work)
    for kind, columns in (("metrics", METRICS), ("predictions", PREDICTIONS)):
        written = pd.read_csv(work.target.path / f"{kind}.csv")
        pd.testing.assert_frame_equal(written, tables[kind])
        assert list(written.columns) == columns
        assert list(dict.fromkeys(written["stage"])) == list(stages.ORDER)
    fresh = pd.read_csv(work.target.path / "fresh_predictions.csv")
    assert list(fresh.columns) == ["seed", "stage", "sample", "group", "label", "fold0", "fold1"]
    assert len(fresh) == 10 * len(stages.ORDER)
    assert set(fresh["fold0"]) == {0}
    assert set(fresh["fold1"]) == {1}
    assert fresh["label"].tolist() == work.dataset("fresh").y.tolist() * len(stages.ORDER)


def test_a_stage_done_anew_is_taken_from_the_target_and_the_others_from_the_source(work, tmp_path):
    target = Run(tmp_path / "part")
    for name in ("data.npz", "fresh.npz"):
        files.write(target.path / name, (work.target.path / name).read_bytes())
    finished(target, "qat", 4)
    both = study.Study("test", work.parameters, work.target, target)
    predictions = provenance.gather(both)["predictions"]
    assert set(predictions.loc[predictions["stage"] == "qat", "predicted"]) == {4}
    assert set(predictions.loc[predictions["stage"] == "fp32", "predicted"]) == {0}
    origins = provenance.origins(both)
    assert [stage for stage, run in origins.items() if run == "part"] == ["qat"]
    assert set(origins.values()) == {"part", "whole"}


def test_a_run_that_keeps_only_whole_tables_is_enough(work, tmp_path):
    whole = provenance.gather(work)
    kept = Run(tmp_path / "kept")
    for name in ("data.npz", "fresh.npz", "metrics.csv", "predictions.csv", "fresh_predictions.csv"):
        files.write(kept.path / name, (work.target.path / name).read_bytes())
    again = provenance.gather(study.Study("test", work.parameters, kept, Run(tmp_path / "scratch")))
    for kind, table in whole.items():
        pd.testing.assert_frame_equal(again[kind], table)


def test_a_missing_stage_is_named(work):
    (work.target.path / "metrics" / "folded.csv").unlink()
    with pytest.raises(HarlibError, match=r"stage 'folded' is not finished .*harlib run"):
        provenance.gather(work)


def test_manifest_says_how_the_numbers_were_made(work):
    provenance.gather(work)
    made = provenance.manifest(work)
    assert made == manifest.load(work.target.path)
    assert made.run == "whole"
    assert made.parameters["folds"] == FOLDS
    assert made.data["data"] == files.sha256(work.target.path / "data.npz")
    assert made.packages["numpy"] == np.__version__
    assert made.stages["qat"].seconds == (1.5, 2.5)
    assert made.stages["qat"].started == "2026-01-01T00:00:00+00:00"
    assert made.stages["qat"].peak_memory_mb == 401
    assert list(made.stages) == list(stages.ORDER)
    assert made.cpu.name
    assert made.files["metrics.csv"] == files.sha256(work.target.path / "metrics.csv")
    assert "manifest.json" not in made.files
    printed = dict(provenance.facts(made, {"fp32": "other", "qat": "whole"}))
    assert printed["stages from another run"] == "fp32 (other)"
    assert "qat 4" in printed["seconds, all folds"]
    assert "qat 401" in printed["peak memory, MB"]


def test_git_state_knows_commit_and_changes_and_is_none_outside(tmp_path):
    assert provenance.git_state(tmp_path) == (None, None)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert provenance.git_state(tmp_path) == (None, None)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    commit, dirty = provenance.git_state(tmp_path)
    assert len(commit) == 40
    assert dirty is False
    (tmp_path / "new.txt").write_text("new")
    assert provenance.git_state(tmp_path) == (commit, True)
