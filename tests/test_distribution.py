"""The wheel in an empty environment: predict, import, simulate and export, outside the repository and without torch.

No index is asked: the environment gets links to the installed packages that the wheel names as its dependencies, and to
theirs, and to no other, so that a dependency which nobody declared is missed.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "reference" / "published" / "models"

pytestmark = pytest.mark.slow


def closure(requirements):
    """The distributions of requirements, `name` or `name[extra]`, and of all that these require."""
    found, waiting = {}, [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        _, seen = found.get(wanted.name.lower(), (None, None))
        if seen is not None and wanted.extras <= seen:
            continue
        extras = wanted.extras | (seen or set())
        found[wanted.name.lower()] = metadata.distribution(wanted.name), extras
        for text in metadata.requires(wanted.name) or []:
            requirement = Requirement(text)
            if any(requirement.marker is None or requirement.marker.evaluate({"extra": e}) for e in ("", *extras)):
                waiting.append(requirement)
    return [distribution for distribution, _ in found.values()]


def required(wheel, *extras):
    """What a wheel says that it requires."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    wanted = [Requirement(line.removeprefix("Requires-Dist: ")) for line in lines if line.startswith("Requires-Dist")]
    return [
        str(Requirement(str(each).split(";")[0]))
        for each in wanted
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
    ]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    shutil.copytree(
        ROOT / "src", source / "src", symlinks=True, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__")
    )
    shutil.copytree(MODELS, source / "reference" / "published" / "models")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source]
    ended = subprocess.run(command, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (made,) = folder.glob("*.whl")
    return made


def make_environment(folder, wheel, *extras):
    """A venv with the wheel and links to what it requires; gives the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    for distribution in closure(required(wheel, *extras)):
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            if not (packages / top).exists():
                (packages / top).symlink_to(distribution.locate_file(top))
    program = folder / "bin" / "harlib"
    program.write_text(f"#!{folder / 'bin' / 'python'}\nimport sys\nfrom harlib.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    return folder / "bin"


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    return make_environment(tmp_path_factory.mktemp("venv"), wheel)


def run(environment, folder, *arguments):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [environment / "harlib", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, text=True, capture_output=True, check=False)


def test_the_wheel_holds_code_templates_and_models(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"harlib/published/fold{fold}.json" for fold in range(5)} <= set(names)
    assert "harlib/integer/c/templates/compact.c.j2" in names
    ours = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "harlib").rglob("*.py")}
    assert ours == {name for name in names if name.endswith(".py")}


def test_there_is_no_torch(environment):
    ended = subprocess.run([environment / "python", "-c", "import torch"], capture_output=True, text=True, check=False)
    assert "No module named 'torch'" in ended.stderr


def test_every_command_works_outside_the_repository(environment, tmp_path):
    made = run(environment, tmp_path, "simulate", "--activity", "situp", "--out", "x.npy")
    assert made.returncode == 0, made.stderr

    found = run(environment, tmp_path, "predict", "--json", "x.npy")
    assert found.returncode == 0, found.stderr
    (row,) = json.loads(found.stdout)
    assert set(row["logits"]) >= {"jogging", "situp"}

    for label in ("sit", "walk"):
        for subject in ("a", "b", "c"):
            (tmp_path / "in" / label / subject).mkdir(parents=True)
            values = np.random.default_rng(ord(subject)).integers(0, 200, (3, 64, 64))
            np.save(tmp_path / "in" / label / subject / "r.npy", values)
    imported = run(environment, tmp_path, "import", "in", "--out", "own.npz", "--folds", "2")
    assert imported.returncode == 0, imported.stderr
    assert (tmp_path / "own.npz").is_file()

    shutil.copy(MODELS / "fold1.json", tmp_path / "model.json")
    for arguments in (("c", "model.json", "--out", "engine"), ("onnx", "model.json", "--out", "model.onnx")):
        exported = run(environment, tmp_path, "export", *arguments)
        assert exported.returncode == 0, exported.stderr

    refused = run(environment, tmp_path, "run", "x.yml")
    assert refused.returncode == 1
    assert refused.stderr.startswith("harlib: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.study
def test_with_the_extra_study_the_smoke_study_runs_and_gives_the_same(wheel, tmp_path):
    """The library is the wheel's, outside the project, which lies here without its sources."""
    programs = make_environment(tmp_path / "venv", wheel, "study")
    project = tmp_path / "project"
    for name in ("workflow", "notebooks", "config", "reference"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, project / name)
    ended = run(programs, project, "run", "config/smoke.yml")
    assert ended.returncode == 0, ended.stderr
    smoke = ROOT / "runs" / "smoke"
    for name in ("data.npz", "metrics.csv", "predictions.csv", "fresh_predictions.csv"):
        assert (project / "runs" / "smoke" / name).read_bytes() == (smoke / name).read_bytes(), name
    again = run(programs, project, "run", "config/smoke.yml", "--dry-run")
    assert again.stdout == "runs/smoke is complete\n"
