"""The smoke study through Snakemake and papermill: `make test` runs it first, into runs/smoke."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import yaml
from helpers import load_script

from harlib import manifest, provenance, verify, workflow
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import ORDER

ROOT = project_root()
SMOKE = ROOT / "runs" / "smoke"
CONFIG = ROOT / "config" / "smoke.yml"
NAMES = [notebook.name for notebook in workflow.NOTEBOOKS]

pytestmark = pytest.mark.study


def start(*arguments):
    command = [sys.executable, "-c", "import sys; from harlib.cli import main; sys.exit(main())", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=pipe, stderr=pipe, start_new_session=True)


def harlib(*arguments):
    process = start(*arguments)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def rules_run(run):
    """Names of the rules that the last `harlib run` started, in order."""
    log = (run / "snakemake.log").read_text()
    return re.findall(r"^(?:local)?rule ([\w-]+):", log, re.MULTILINE)


@pytest.fixture
def copy():
    """A copy of the smoke run under a name of its own, and its configuration's values."""
    run = ROOT / "runs" / "smoke-copy"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(SMOKE, run)
    yield run
    shutil.rmtree(run)


@pytest.fixture(scope="module")
def reference():
    return load_script(ROOT / "tools" / "smoke_reference.py")


def config(tmp_path, **changes):
    path = tmp_path / "changed.yml"
    path.write_text(yaml.safe_dump(yaml.safe_load(CONFIG.read_text()) | changes))
    return str(path)


def test_every_stage_has_an_accuracy_a_fold():
    table = pd.read_csv(SMOKE / "metrics.csv")
    assert list(table.columns) == ["seed", "stage", "fold", "metric", "value"]
    accuracy = table[table.metric == "accuracy"]
    assert sorted(accuracy.stage.unique()) == sorted(ORDER)
    assert (accuracy.groupby("stage").fold.apply(list).apply(sorted) == [[0, 1]] * len(ORDER)).all()
    assert accuracy.value.between(0, 1).all()
    predictions = pd.read_csv(SMOKE / "predictions.csv")
    share = (predictions.label == predictions.predicted).groupby([predictions.stage, predictions.fold]).mean()
    merged = accuracy.set_index(["stage", "fold"]).value
    assert share.sort_index().tolist() == pytest.approx(merged.sort_index().tolist())


def test_the_run_fits_its_manifest():
    misfits = {check.what: check.misfits for check in verify.verify(SMOKE) if check.misfits}
    allowed = {"commit"}  # which says so where the tree held changes
    commit, dirty = provenance.git_state(ROOT)
    if dirty or commit != manifest.load(SMOKE).commit:
        allowed.add("sources")  # a change that no stage reads leaves the run as it is
    assert set(misfits) <= allowed, misfits


def test_the_run_agrees_with_the_committed_one(reference):
    """Within what another processor may change; after a change of the study: `make smoke-reference`."""
    committed = pd.read_csv(reference.FOLDER / "metrics.csv")
    found = reference.differences(reference.numbers(Run(SMOKE)), committed)
    allowed = pd.Series(reference.TOLERANCE)
    assert set(found.index) == set(allowed.index)
    assert found[found > allowed].to_dict() == {}


def test_integer_and_folded_give_the_same_codes():
    table = pd.read_csv(SMOKE / "metrics.csv")
    for metric in ("codes_differing", "argmax_differing"):
        assert (table[table.metric == metric].value == 0).all()
        assert (table.metric == metric).sum() == 2


def test_manifest_says_how_the_numbers_were_made():
    manifest = json.loads((SMOKE / "manifest.json").read_text())
    assert manifest["parameters"]["folds"] == 2
    assert {"commit", "dirty"} <= set(manifest)
    assert str(ROOT) not in (SMOKE / "manifest.json").read_text()


def test_executed_notebooks_name_no_place_of_the_machine():
    for name in NAMES:
        assert str(ROOT) not in (SMOKE / "notebooks" / f"{name}.ipynb").read_text(), name


def test_an_unchanged_run_does_nothing():
    before = {path: path.stat().st_mtime_ns for path in SMOKE.rglob("*.ipynb")}
    code, out, err = harlib("run", str(CONFIG))
    assert (code, err) == (0, "")
    assert out == "runs/smoke is complete\n"
    assert rules_run(SMOKE) == []
    assert {path: path.stat().st_mtime_ns for path in SMOKE.rglob("*.ipynb")} == before


def test_a_changed_parameter_reruns_exactly_what_depends_on_it(copy, tmp_path):
    folds = {path: path.stat().st_mtime_ns for path in (copy / "checkpoints" / "pruned").iterdir()}
    code, _, err = harlib("run", config(tmp_path, multiplier_bits=12), "--run", copy.name)
    assert (code, err) == (0, "")
    assert sorted(set(rules_run(copy)) - {"all"}) == NAMES[5:]
    assert {path: path.stat().st_mtime_ns for path in (copy / "checkpoints" / "pruned").iterdir()} == folds


def test_a_damaged_checkpoint_is_made_again(copy):
    path = copy / "checkpoints" / "qat" / "fold1.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    code, _, err = harlib("run", str(CONFIG), "--run", copy.name)
    assert (code, err) == (0, "")
    assert path.read_bytes() == whole
    assert (copy / "metrics.csv").read_bytes() == (SMOKE / "metrics.csv").read_bytes()
    assert NAMES[2] not in rules_run(copy)


def test_killed_on_the_way_it_resumes_with_the_same_metrics_on_other_workers():
    run = ROOT / "runs" / "smoke-killed"
    shutil.rmtree(run, ignore_errors=True)
    process = start("run", str(CONFIG), "--run", run.name, "--workers", "2")
    deadline = time.monotonic() + 300
    while not (run / "results" / "qat" / "fold0.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    second = harlib("run", str(CONFIG), "--run", run.name)
    assert second[0] == 1
    assert "is in use by another `harlib run`" in second[2]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    if shutil.which("setpriv") is None:
        os.killpg(process.pid, signal.SIGKILL)
    first = (run / "results" / "fp32" / "fold0.json").stat().st_mtime_ns
    for _ in range(50):  # the kernel takes a moment to end the processes of the killed run
        code, _, err = harlib("run", str(CONFIG), "--run", run.name)
        if "in use" not in err:
            break
        time.sleep(0.2)
    assert (code, err) == (0, "")
    assert (run / "results" / "fp32" / "fold0.json").stat().st_mtime_ns == first
    for name in ("metrics.csv", "predictions.csv", "stages/pruned.json"):
        assert (run / name).read_bytes() == (SMOKE / name).read_bytes(), name
    shutil.rmtree(run)


def test_a_failing_notebook_ends_in_one_line(copy):
    (copy / "data.npz").write_bytes(b"broken")
    code, _, err = harlib("run", str(CONFIG), "--run", copy.name)
    assert code == 1
    assert err.count("\n") == 1
    assert err.startswith("harlib: notebook 0")
    assert "is no readable .npz file" in err


@pytest.mark.parametrize(
    ("argument", "message"),
    [(("treshold", "0.5"), "unknown parameter 'treshold'"), (("threshold", "9.0"), "threshold = 9.0")],
)
def test_papermill_by_hand_refuses_bad_parameters(tmp_path, argument, message):
    command = [
        sys.executable,
        "-m",
        "papermill",
        "notebooks/03-ternarization-analysis.ipynb",
        str(tmp_path / "o.ipynb"),
    ]
    command += ["-k", "python3", "--no-progress-bar", "-p", "from_run", "runs/smoke", "-p", *argument]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert message in ended.stderr
