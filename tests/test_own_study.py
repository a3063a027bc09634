"""A study of own recordings with two classes, from the import to its book, at the size of the smoke run."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from harlib import cli, data, reference
from harlib.integer import model as model_file
from harlib.project import project_root
from harlib.stages import ORDER

ROOT = project_root()
RUN = ROOT / "runs" / "own-toy"
FILE = ROOT / "runs" / "own-toy.npz"

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two classes told apart by where the bright row is, of four people, from .npy files to a whole run."""
    shutil.rmtree(RUN, ignore_errors=True)
    folder, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    for label, row in (("low", 10), ("high", 30)):
        for person in ("ann", "bob", "cem", "dea"):
            (folder / label / person).mkdir(parents=True)
            for trial in range(5):
                level = rng.normal(-80, 2, (48, 100))
                level[row : row + 6] += 30
                np.save(folder / label / person / f"{trial}.npy", level)
    assert cli.main(["import", str(folder), "--out", str(FILE), "--folds", "2"]) == 0
    values = yaml.safe_load((ROOT / "config" / "smoke.yml").read_text())
    config = folder / "own-toy.yml"
    config.write_text(yaml.safe_dump(values | {"data_file": FILE.relative_to(ROOT).as_posix(), "batch_size": 8}))
    assert cli.main(["run", str(config)]) == 0
    yield RUN
    shutil.rmtree(RUN)
    FILE.unlink()


def test_every_stage_has_accuracies_and_none_of_a_fresh_set(run):
    table = pd.read_csv(run / "metrics.csv")
    assert sorted(table[table.metric == "accuracy"].stage.unique()) == sorted(ORDER)
    assert "fresh_accuracy" not in set(table.metric)
    assert len(pd.read_csv(run / "fresh_predictions.csv")) == 0
    assert len(data.load(run / "fresh.npz")) == 0


def test_the_study_saw_the_own_recordings(run):
    made = data.load(FILE)
    np.testing.assert_array_equal(data.load(run / "data.npz").x, made.x)
    predictions = pd.read_csv(run / "predictions.csv").query("stage == 'fp32'").sort_values("sample")
    assert predictions.label.tolist() == made.y.tolist()
    assert predictions.group.tolist() == made.group.tolist()
    assert predictions.groupby("group").fold.nunique().max() == 1


def test_the_model_has_two_classes_and_33_parameters_each(run):
    model = model_file.load(run / "models" / "fold0.json")
    assert model.classes == ("high", "low")
    assert np.shape(model.linear.weight) == (2, 32)


def test_no_name_of_a_person_is_in_the_run(run):
    for path in run.rglob("*"):
        if path.suffix in (".json", ".csv", ".yml", ".log"):
            assert not {"ann", "cem", "dea"} & set(path.read_text().replace('"', " ").replace("/", " ").split()), path


def test_claims_about_the_simulation_do_not_hold(run):
    failed = {claim["name"] for claim in json.loads((run / "claims.json").read_text()) if not claim["holds"]}
    assert {"simulated", "classes", "fresh"} <= failed
    assert "people" not in failed


def test_its_book_builds_lists_the_claims_and_shows_no_sample(run, tmp_path):
    command = [sys.executable, ROOT / "workflow" / "build_book.py", "--run", run, "--workspace", tmp_path]
    built = subprocess.run([str(part) for part in command], text=True, capture_output=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = tmp_path / "_build" / "html" / "book"
    for page in ("intro", "run/02-fp32-baseline", "run/08-results"):
        assert "The data are simulated." in (pages / f"{page}.html").read_text()
    notebook = json.loads((run / "notebooks" / "02-fp32-baseline.ipynb").read_text())
    (hardest,) = [cell for cell in notebook["cells"] if cell["id"] == "hardest-figure"]
    assert "<image" not in hardest["outputs"][0]["data"]["image/svg+xml"]  # a sentence in place of six spectrograms


def test_a_reference_of_it_holds_no_samples(run, tmp_path, monkeypatch):
    (tmp_path / "runs").symlink_to(ROOT / "runs")
    (tmp_path / "README.md").write_text("<!-- results -->\n<!-- end of results -->\n")
    monkeypatch.setattr(reference, "project_root", lambda: tmp_path)
    reference.publish("own-toy")
    kept = {path.suffix for path in (tmp_path / "reference" / "published").rglob("*") if path.is_file()}
    assert kept == {".yml", ".csv", ".json", ".svg", ".safetensors"}


def test_other_recordings_under_the_same_name_run_the_study_again(run):
    made = data.load(FILE)
    before = (run / "inputs" / "data_file.txt").read_text()
    data.save(FILE, data.Dataset(made.x[::-1].copy(), made.y, made.group, made.classes, made.unit, "others"))
    from harlib import parameters, workflow
    from harlib.runs import Run

    workflow.prepare(ROOT, Run(run), parameters.check(Run(run).parameters()))
    assert (run / "inputs" / "data_file.txt").read_text() != before
