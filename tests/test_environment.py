"""The lock, its conda twin and the script that installs them."""

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from helpers import load_script

ROOT = Path(__file__).resolve().parent.parent
NAMED = ("torch", "jupyter", "jupyter-book", "matplotlib", "seaborn", "pandas", "papermill", "numpy")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split(";")[0].strip() for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins), "each line is name==version"
    return {canonical(pin.split("==")[0]): pin.split("==")[1] for pin in pins}


@pytest.fixture(scope="module")
def conda() -> list[str]:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (from_pip,) = [item["pip"] for item in dependencies if isinstance(item, dict)]
    return [item for item in dependencies if isinstance(item, str)] + from_pip


@pytest.fixture
def script() -> ModuleType:
    return load_script(ROOT / "tools" / "environment.py")


@pytest.mark.parametrize("name", NAMED)
def test_lock_and_conda_name_every_required_package(name: str, lock: dict[str, str], conda: list[str]) -> None:
    assert name in lock
    assert f"{name}=={lock[name]}" in conda


def test_conda_agrees_with_the_lock(lock: dict[str, str], conda: list[str]) -> None:
    pins = [re.fullmatch(r"([\w.-]+)==?([\w.]+)", item) for item in conda]
    named = {canonical(pin[1]): pin[2] for pin in pins if pin}
    assert named.pop("python") == "3.11"
    assert named == {name: lock[name] for name in named}
    assert "-r requirements.lock" in conda


def test_lock_has_all_that_the_project_imports(lock: dict[str, str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["study"]]
    names = [re.split(r"[=<>~! ]", item)[0] for item in wanted]
    assert {canonical(name) for name in names} <= set(lock)
    assert f"setuptools=={lock['setuptools']}" in project["build-system"]["requires"]


def test_this_environment_is_the_locked_one(lock: dict[str, str]) -> None:
    installed = {name: version(name).split("+")[0] for name in lock if name not in ("appnope", "pip")}
    assert installed == {name: lock[name] for name in installed}


@pytest.mark.parametrize("found", [(3, 9, 2), (3, 12, 0), (2, 7, 18)])
def test_wrong_python_is_refused_in_one_line(found: tuple[int, ...], script: ModuleType) -> None:
    with pytest.raises(script.EnvironmentProblem, match=r"Python 3\.11 is needed and this is") as refused:
        script.check_python(found)
    assert "\n" not in str(refused.value)


def report(*names: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    return {"install": [{"metadata": {"name": name}} for name in names]}


def test_cpu_index_is_preferred_on_linux(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(script, "would_install", lambda requirement, *index: report("torch"))
    assert script.CPU_INDEX in script.torch_index("torch==1", "cpu")


def test_default_index_serves_when_its_build_has_no_cuda(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    found = report("torch", "sympy")
    monkeypatch.setattr(script, "would_install", lambda requirement, *index: None if index else found)
    assert script.torch_index("torch==1", "cpu") == []


def test_cuda_is_never_installed_unasked(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    found = report("torch", "nvidia-cublas", "cuda-bindings")
    monkeypatch.setattr(script, "would_install", lambda requirement, *index: None if index else found)
    with pytest.raises(script.EnvironmentProblem, match="TORCH=cuda"):
        script.torch_index("torch==1", "cpu")
    assert script.torch_index("torch==1", "cuda") == []


def test_no_index_at_all_is_said(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "would_install", lambda requirement, *index: None)
    with pytest.raises(script.EnvironmentProblem, match="network"):
        script.torch_index("torch==1", "cpu")


def test_a_package_cut_off_half_way_is_forgotten(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "pip").touch()
    (venv / "pyvenv.cfg").write_text(f"command = python -m venv {venv}")
    packages = venv / "lib" / "python3.11" / "site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info"):
        (packages / name).mkdir(parents=True)
    (packages / "whole-1.dist-info" / "RECORD").touch()
    (packages / "~alf").mkdir()
    monkeypatch.setattr(script, "VENV", venv)
    script.make_venv()
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]
