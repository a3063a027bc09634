"""What runs again after a change: Snakemake's answer on the smoke study, and that of the hashes that notebooks keep.

A copy of the project is changed in one place; Snakemake then says which rules it would run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harlib import workflow
from harlib.project import project_root

ROOT = project_root()
NAMES = [notebook.name for notebook in workflow.NOTEBOOKS]
CONFIG = "config/smoke.yml"
SCRIPT = """
import json, os, re, subprocess, sys
from harlib import driver, freshness, parameters, workflow
from harlib.project import project_root
from harlib.runs import Run, read_yaml
root = project_root()
run, checked = Run(root / "runs" / "smoke"), parameters.check(read_yaml(root / "config" / "smoke.yml"))
ours = list(freshness.outdated(root, run, checked))
theirs = None
if len(sys.argv) > 1:
    workflow.prepare(root, run, checked)
    command = [*driver._command(root, run, 1, "cpu"), "--dry-run"]
    ended = subprocess.run(command, text=True, capture_output=True, check=True)
    theirs = re.findall(r"^(?:local)?rule ([\\w-]+):", ended.stdout + ended.stderr, re.MULTILINE)
print(json.dumps([ours, theirs]))
"""

pytestmark = pytest.mark.study


@pytest.fixture
def project(tmp_path):
    """A copy of the project with its smoke run."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "workflow", "notebooks", "config", "reference/extended", "runs/smoke"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored, symlinks=True)
    for name in ("pyproject.toml", "requirements.lock", *(f"reference/{table}" for table in workflow.TABLES)):
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def decide(project, snakemake=True):
    """The notebooks that would run by our hashes, and by Snakemake."""
    environment = os.environ | {"PYTHONPATH": str(project / "src")}
    command = [sys.executable, "-c", SCRIPT, *(["snakemake"] if snakemake else [])]
    ended = subprocess.run(command, cwd=project, env=environment, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    ours, theirs = json.loads(ended.stdout)
    return ours, theirs if theirs is None else sorted(set(theirs) - {"all"})


def say_more(path: Path, text="\n# one more line\n"):
    path.write_text(path.read_text() + text)


def docstring(path: Path):
    text = path.read_text()
    assert text.startswith('"""')
    path.write_text('"""In other words: ' + text[3:])


def parameter(path: Path, **changes):
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def outputs(path: Path):
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
            cell["execution_count"] = 7
    path.write_text(json.dumps(content))


def drop_last_bytes(path: Path):
    path.write_bytes(path.read_bytes()[:-8])


CHANGES = {
    "nothing": (lambda _: None, []),
    "docstring in the C exporter": (lambda p: docstring(p / "src/harlib/integer/c/source.py"), []),
    "notebook saved with outputs": (lambda p: outputs(p / f"notebooks/{NAMES[3]}.ipynb"), []),
    "touched without a change": (lambda p: (p / "src/harlib/ternary.py").touch(), []),
    "workers": (lambda p: parameter(p / CONFIG, workers=2), []),
    "quantizer": (lambda p: say_more(p / "src/harlib/quantize.py"), NAMES[1:]),
    "ternarization": (lambda p: say_more(p / "src/harlib/ternary.py"), NAMES[2:]),
    "pruning": (lambda p: say_more(p / "src/harlib/prune.py"), NAMES[4:]),
    "export": (lambda p: say_more(p / "src/harlib/integer/export.py"), NAMES[5:]),
    "oracle": (lambda p: say_more(p / "src/harlib/integer/oracle.py"), NAMES[6:]),
    "simulator": (lambda p: say_more(p / "src/harlib/radar/gait.py"), NAMES),
    "plot of one notebook": (lambda p: say_more(p / "src/harlib/plots/quantizers.py"), NAMES[3:]),
    "table of the recipe": (lambda p: say_more(p / "reference/recipe.csv"), NAMES[3:]),
    "lock": (lambda p: say_more(p / "requirements.lock"), NAMES),
    "pruning's parameter": (lambda p: parameter(p / CONFIG, sparsity=0.5), NAMES[4:]),
    "radar's parameter": (lambda p: parameter(p / CONFIG, noise_looks=3), NAMES),
    "damaged checkpoint": (lambda p: drop_last_bytes(p / "runs/smoke/checkpoints/qat/fold1.safetensors"), NAMES[3:]),
    "lost table": (lambda p: (p / "runs/smoke/metrics.csv").unlink(), NAMES[7:]),
}


@pytest.mark.parametrize("change", ["docstring in the C exporter", "quantizer"])
def test_a_change_runs_exactly_what_depends_on_it(project, change):
    make, expected = CHANGES[change]
    make(project)
    ours, theirs = decide(project)
    assert theirs == expected
    assert ours == expected


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_change_runs_exactly_what_depends_on_it(project, change):
    test_a_change_runs_exactly_what_depends_on_it(project, change)


@pytest.mark.slow
def test_other_data_runs_all_that_reads_it(project):
    shutil.copyfile(project / "runs/smoke/fresh.npz", project / "runs/smoke/data.npz")
    ours, theirs = decide(project)
    assert theirs == NAMES[1:]
    assert ours == NAMES[1:]


def build(project, run="runs/smoke"):
    command = [sys.executable, str(project / "workflow/stage_book.py"), "--run", str(project / run)]
    environment = os.environ | {"PYTHONPATH": str(project / "src")}
    return subprocess.run(command, cwd=project, env=environment, text=True, capture_output=True, check=False)


@pytest.mark.slow
def test_a_book_of_another_runs_or_commits_notebook_is_not_built(project):
    shutil.copyfile(ROOT / "_toc.yml", project / "_toc.yml")
    (project / "book").mkdir()
    assert build(project).returncode == 0

    executed = project / f"runs/smoke/notebooks/{NAMES[2]}.ipynb"
    whole = executed.read_text()
    content = json.loads(whole)
    content["metadata"]["harlib"]["inputs"][f"inputs/{NAMES[2]}.yml"] = "0" * 64  # of a run with other parameters
    executed.write_text(json.dumps(content))
    ended = build(project)
    assert ended.returncode == 1
    assert re.search(rf"{NAMES[2]}\.ipynb does not fit: inputs/{NAMES[2]}\.yml\)", ended.stderr)
    assert ended.stderr.count("\n") == 1

    executed.write_text(whole)
    say_more(project / "src/harlib/prune.py")  # as another commit has it
    ended = build(project)
    assert ended.returncode == 1
    assert "05-pruning.ipynb does not fit: src/harlib/prune.py" in ended.stderr

    shutil.copyfile(ROOT / "src/harlib/prune.py", project / "src/harlib/prune.py")
    say_more(project / "runs/smoke/metrics.csv")
    ended = build(project)
    assert ended.returncode == 1
    assert "metrics.csv has other content" in ended.stderr
