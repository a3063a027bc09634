"""tools/environment.py killed at any moment: the next call finishes, with every file of every package in place.

It runs in a project of its own, with a lock of small packages made here; no index is asked.
"""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
import wheels

ROOT = Path(__file__).resolve().parents[1]
LOCK = "pip==99.0\ntorch==1.0\nbefore==1.0\nlast==1.0\n"
PARTS = 1500
BACKEND = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import wheels

def build_editable(folder, config_settings=None, metadata_directory=None):
    return wheels.make(Path(folder), "harlib", "1.0", {{"harlib.pth": str(Path.cwd() / "src")}})
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "harlib"
version = "1.0"
"""
PACKAGES = ".venv/lib/python3.11/site-packages"

pytestmark = pytest.mark.slow


def many(version):
    """A package that takes a while to install."""
    parts = {f"torch/part{number:04}.txt": f"{version} {number}\n" * 100 for number in range(PARTS)}
    return {"torch/__init__.py": f"version = {version!r}\n", **parts}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The packages of the lock as wheels; pip is this environment's, as a version that no Python brings."""
    folder = tmp_path_factory.mktemp("wheels")
    files = [file for file in metadata.distribution("pip").files if file.parts[0] == "pip" and file.suffix != ".pyc"]
    pip = {file.as_posix(): file.locate().read_bytes() for file in files}
    entry = "[console_scripts]\npip = pip._internal.cli.main:main\n"
    wheels.make(folder, "pip", "99.0", pip | {"pip-99.0.dist-info/entry_points.txt": entry})
    wheels.make(folder, "torch", "1.0", many("1.0"))
    wheels.make(folder, "torch", "2.0", many("2.0"))
    wheels.make(folder, "before", "1.0", {"before.py": "value = 1\n"})
    wheels.make(folder, "last", "1.0", {"last.py": "value = 2\n"})
    return folder


@pytest.fixture
def project(tmp_path):
    for name in ("tools", "src"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "tools" / "environment.py", tmp_path / "tools")
    (tmp_path / "requirements.lock").write_text(LOCK)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND.format(tests=str(ROOT / "tests")))
    return tmp_path


def start(project, index):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_NO_CACHE_DIR": "1", "TORCH": "cpu"}
    command = [sys.executable, "tools/environment.py"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=project, env=clean | offline, text=True, stdout=pipe, stderr=pipe, start_new_session=True
    )


def finish(project, index):
    process = start(project, index)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def kill_when(project, index, pattern):
    """Kill the install and all that it started as soon as a file of this kind is there."""
    process = start(project, index)
    deadline = time.monotonic() + 300
    while not any(project.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (project / ".venv" / ".complete").exists()


def check_whole(project, expected):
    """Each package is there once, with all of its files as they were packed."""
    packages = project / PACKAGES
    infos = {path.name for path in packages.glob("*.dist-info")}
    assert infos - {name for name in infos if name.startswith("setuptools-")} == {
        f"{name}-{version}.dist-info" for name, version in expected.items()
    }
    assert not list(packages.glob("~*")), "what pip moved away stayed behind"
    for info in infos:
        with (packages / info / "RECORD").open(newline="") as file:
            for place, _, size in csv.reader(file):
                assert (packages / place).is_file(), place
                assert not size or (packages / place).stat().st_size == int(size), place
    version = expected["torch"]
    assert all((packages / place).read_text() == content for place, content in many(version).items())
    command = [project / ".venv" / "bin" / "python", "-c", "import before, last, torch; print(torch.version)"]
    assert subprocess.run(command, text=True, capture_output=True, check=True).stdout == f"{version}\n"


WHOLE = {"pip": "99.0", "torch": "1.0", "before": "1.0", "last": "1.0", "harlib": "1.0"}
MOMENTS = {
    "the environment is begun": ".venv/pyvenv.cfg",
    "pip is half there": f"{PACKAGES}/pip/_internal/__init__.py",
    "pip is renewed": f"{PACKAGES}/~ip*",
    "a package is half there": f"{PACKAGES}/torch/part0100.txt",
    "a package has all but its record": f"{PACKAGES}/torch-1.0.dist-info/WHEEL",
    "some packages are there": f"{PACKAGES}/before-1.0.dist-info/RECORD",
    "all packages are there": f"{PACKAGES}/harlib-1.0.dist-info/RECORD",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_install_is_finished_by_the_next_call(project, index, moment):
    kill_when(project, index, MOMENTS[moment])
    code, out, err = finish(project, index)
    assert (code, err) == (0, "")
    assert out.endswith("Environment: complete\n")
    check_whole(project, WHOLE)
    assert finish(project, index) == (0, "", "")


@pytest.mark.parametrize("moment", ["torch-2.0.dist-info", "~orch*", "torch/part0100.txt"])
def test_a_killed_update_is_finished_by_the_next_call(project, index, moment):
    assert finish(project, index)[0] == 0
    (project / "requirements.lock").write_text(LOCK.replace("torch==1.0", "torch==2.0"))
    (project / PACKAGES / "torch" / "part0100.txt").unlink()
    kill_when(project, index, f"{PACKAGES}/{moment}")
    code, _, err = finish(project, index)
    assert (code, err) == (0, "")
    check_whole(project, WHOLE | {"torch": "2.0"})
