"""What depends on what, against what Python really imports."""

import os
import shutil
import subprocess
import sys

import pytest

from harlib import fingerprint
from harlib.project import project_root

MODULES = ["harlib.stages.fp32", "harlib.stages.qat", "harlib.stages.integer", "harlib.simulation", "harlib.prediction"]


@pytest.mark.parametrize("module", MODULES)
def test_closure_is_what_an_import_loads(module):
    names = "[m.__file__ for n, m in sys.modules.items() if n.startswith('harlib.')]"
    script = f"import sys, {module}; print(*{names}, sep='\\n')"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = {str(path) for path in fingerprint.closure([module])}
    assert set(ended.stdout.splitlines()) <= ours


def test_a_stage_does_not_depend_on_what_comes_after_it():
    names = {path.name for path in fingerprint.closure(["harlib.stages.fp32"])}
    assert "training.py" in names
    assert not names & {"prune.py", "ternary.py", "oracle.py", "study.py", "simulate.py"}


def test_prediction_needs_no_torch():
    script = "import sys, harlib.prediction; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_digest_changes_with_values_and_sources():
    sources = fingerprint.closure(["harlib.seeds"])
    base = fingerprint.digest({"a": 1}, sources)
    assert base == fingerprint.digest({"a": 1}, sources)
    assert base != fingerprint.digest({"a": 2}, sources)
    assert base != fingerprint.digest({"a": 1}, [])


def test_modules_are_named_as_in_the_project_wherever_they_are_installed(tmp_path):
    (tmp_path / "run").mkdir()
    shutil.copytree(fingerprint.PACKAGE, tmp_path / "harlib", symlinks=True, ignore=shutil.ignore_patterns("published"))
    script = (
        "from harlib import fingerprint as f; import execute;"
        "print(f.PACKAGE.parent); print(*(execute._place(path) for path in f.closure(['harlib.data'])), sep='\\n')"
    )
    places = os.pathsep.join([str(tmp_path), str(project_root() / "workflow")])
    command = [sys.executable, "-c", script]
    ended = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": places},
        cwd=tmp_path / "run",
        capture_output=True,
        text=True,
        check=True,
    )
    where, *names = ended.stdout.splitlines()
    assert where == str(tmp_path)
    assert names == [fingerprint.place(path) for path in fingerprint.closure(["harlib.data"])]
    assert "src/harlib/data.py" in names
