"""What a class without network is given: what is missing is told, and the whole is tried with the network off."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import environment
import pytest
import wheelhouse
from browser import BOOK

ROOT = Path(__file__).resolve().parents[1]
LOCK = 'Some_Thing==1.0\ntorch==2.0\nappnope==0.1; sys_platform == "nowhere"\n'


def wheel(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-py3-none-any.whl").touch()


@pytest.fixture
def pip(monkeypatch):
    """A pip that makes an empty wheel of each requirement, and the requirements it was asked for, call by call."""
    asked = []

    def answer(*arguments, **_):
        lines = [argument for argument in arguments if "==" in argument]
        asked.append(lines)
        for line in lines:
            name, version = line.split("==")
            wheel(Path(arguments[arguments.index("-w") + 1]), f"{name}-{version}{'+cpu' * (name == 'torch')}")
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(environment, "pip", answer)
    monkeypatch.setattr(environment, "torch_index", lambda requirement, torch: [])
    return asked


def test_what_the_lock_says_is_fetched_once_and_nothing_else_stays(pip, tmp_path):
    wheel(tmp_path, "some_thing-0.9")
    assert wheelhouse.fetch(tmp_path, LOCK) == 2
    assert pip == [["torch==2.0"], ["Some_Thing==1.0"]]
    assert {path.name for path in tmp_path.iterdir()} == {
        "Some_Thing-1.0-py3-none-any.whl",
        "torch-2.0+cpu-py3-none-any.whl",
    }
    wheelhouse.fetch(tmp_path, LOCK)
    assert len(pip) == 2


def test_a_wheel_that_pip_cannot_get_is_told(monkeypatch, pip, tmp_path):
    monkeypatch.setattr(environment, "pip", lambda *_, **__: subprocess.CompletedProcess([], 1))
    with pytest.raises(wheelhouse.WheelhouseError, match="pip could not get the wheels"):
        wheelhouse.fetch(tmp_path, LOCK)
    monkeypatch.setattr(environment, "pip", lambda *_, **__: subprocess.CompletedProcess([], 0))
    with pytest.raises(wheelhouse.WheelhouseError, match="lacks some-thing, torch"):
        wheelhouse.fetch(tmp_path, LOCK)


def test_without_a_book_nothing_is_fetched(monkeypatch, pip, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["wheelhouse.py", "--out", str(tmp_path / "out"), "--book", str(tmp_path)])
    assert wheelhouse.main() == 1
    told = capsys.readouterr().err
    assert told == f"The book is not built, {tmp_path / 'index.html'} is missing: make book, then this again\n"
    assert pip == []


def test_a_source_without_history_is_refused(tmp_path):
    with pytest.raises(wheelhouse.WheelhouseError, match="packed from a git repository"):
        wheelhouse.pack_source(tmp_path / "source.tar.gz", tmp_path)


def test_only_a_finished_run_is_packed_and_without_its_logs(tmp_path):
    run, path = tmp_path / "quick", tmp_path / "run.tar.gz"
    for name in ("notebooks/01.ipynb", "logs/01.txt", ".snakemake/x"):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).touch()
    assert not wheelhouse.pack_run(path, run)
    assert not path.exists()
    (run / "manifest.json").touch()
    assert wheelhouse.pack_run(path, run)
    with tarfile.open(path) as tar:
        files = {entry.name for entry in tar if entry.isfile()}
    assert files == {"quick/manifest.json", "quick/notebooks/01.ipynb"}


@pytest.fixture
def stick(monkeypatch, pip, tmp_path):
    """A wheelhouse whose wheels are empty, packed from this repository."""
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "index.html").write_text("<p>the book</p>")
    monkeypatch.setattr(environment, "LOCK", tmp_path / "lock")
    environment.LOCK.write_text(LOCK)
    wheelhouse.pack(tmp_path / "stick", tmp_path / "html", tmp_path / "none")
    return tmp_path / "stick"


def install(stick, *arguments, **changes):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    command = ["sh", stick / "install.sh", *arguments]
    return subprocess.run(
        command, cwd=stick.parent, env=clean | changes, text=True, capture_output=True, stdin=subprocess.DEVNULL
    )


def break_file(stick):
    (stick / "book.zip").write_bytes(b"cut off")


def lose_file(stick):
    (stick / "wheels" / "Some_Thing-1.0-py3-none-any.whl").unlink()


def lose_sums(stick):
    (stick / "CHECKSUMS").unlink()


def other_machine(stick):
    names = os.uname()
    script = stick / "install.sh"
    script.write_text(script.read_text().replace(f"{names.sysname} {names.machine}", "Plan9 mips"))


def foreign_folder(stick):
    (stick.parent / "harlib").mkdir()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (break_file, r"book\.zip: FAILED.*copy the folder .* again"),
        (lose_file, r"Some_Thing-1\.0-py3-none-any\.whl: FAILED.*copy the folder .* again"),
        (lose_sums, "CHECKSUMS is missing: copy the folder again"),
        (
            other_machine,
            "These wheels are for Plan9 mips and this is .*: ask for a wheelhouse packed on such a machine",
        ),
        (foreign_folder, "harlib is there already and is no harlib: name another folder"),
    ],
)
def test_what_cannot_be_installed_is_refused_before_anything_is_made(stick, harm, told):
    harm(stick)
    before = sorted(stick.parent.iterdir())
    ended = install(stick, PYTHON=sys.executable)
    assert ended.returncode == 1
    assert re.search(told, ended.stderr)
    assert ended.stderr.count("\n") == 1
    assert sorted(stick.parent.iterdir()) == before


def test_another_python_is_refused(stick):
    ended = install(stick, PYTHON="/bin/false")
    assert ended.returncode == 1
    assert ended.stderr.startswith("/bin/false is missing, or not Python 3.11 with its venv module.")


def test_the_readme_says_what_was_packed(stick):
    told = (stick / "README.txt").read_text()
    assert "2 packages as wheels" in told
    assert "@" not in told
    for program in re.findall(r"\S+\.(?:py|yml)\b", told):
        assert (ROOT / program).is_file(), program
    for target in re.findall(r"make ([a-z]+)", told.replace("GNU make is", "")):
        assert re.search(rf"(?m)^(?:\w+ )*{target}\b.*:", (ROOT / "Makefile").read_text()), target


LOOPBACK_ONLY = """
import fcntl, os, socket, struct, sys
try:
    fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x41))  # notebooks talk to their kernel over it
    assert {name for _, name in socket.if_nameindex()} == {"lo"}
    socket.create_connection(("192.0.2.1", 443), timeout=5)
except OSError as error:
    assert "unreachable" in str(error), error
    os.execvp(sys.argv[1], sys.argv[1:])
sys.exit("there is a network")
"""
UNSHARE = ["unshare", "--map-root-user", "--net", sys.executable, "-c", LOOPBACK_ONLY]


@pytest.mark.slow
def test_a_class_without_network_installs_runs_and_builds_the_book(tmp_path):
    allowed = subprocess.run([*UNSHARE, "true"], text=True, capture_output=True)
    if allowed.returncode:
        pytest.skip(f"the network cannot be switched off for a process here: {allowed.stderr.strip()}")
    packed = ROOT / "_build" / "wheelhouse"  # kept: the next call fetches nothing
    wheelhouse.pack(packed, BOOK, ROOT / "runs" / "smoke")
    size = round(sum(path.stat().st_size for path in (packed / "wheels").iterdir()) / 1e6)
    assert f"downloads about {size} MB" in environment.SIZES, "what the environment script says is downloaded"

    room = tmp_path / "class room"
    stick = room / "stick"
    shutil.copytree(packed, stick, copy_function=os.link)
    harlib = room / "my harlib"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}

    def offline(folder, *command):
        ended = subprocess.run(
            [*UNSHARE, *map(str, command)], cwd=folder, env=clean, text=True, capture_output=True, check=False
        )
        assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
        return ended.stdout

    told = offline(room, "sh", stick / "install.sh", harlib)
    assert f"harlib is in {harlib}." in told
    assert (harlib / "_build" / "html" / "index.html").read_bytes() == (BOOK / "index.html").read_bytes()
    assert (harlib / "runs" / "smoke" / "manifest.json").is_file()
    assert offline(harlib, "python3.11", "tools/environment.py") == "", "so that `make lab` finds all in place"
    taken = sum(path.lstat().st_size for path in (harlib / ".venv").rglob("*")) / 1e9
    assert f"takes {taken:.1f} GB on disk" in environment.SIZES
    shutil.rmtree(stick)
    shutil.rmtree(harlib / "runs" / "smoke")

    programs = harlib / ".venv" / "bin"
    offline(harlib, programs / "harlib", "simulate", "--activity", "situp", "--out", "x.npy")
    found = offline(harlib, programs / "harlib", "predict", "--json", "x.npy")
    here = [Path(sys.executable).with_name("harlib"), "predict", "--json", harlib / "x.npy"]
    wanted = json.loads(subprocess.run(here, cwd=ROOT, capture_output=True, check=True).stdout)
    assert [row["logits"] for row in json.loads(found)] == [row["logits"] for row in wanted]
    offline(harlib, programs / "harlib", "run", "config/smoke.yml")
    made = offline(harlib, programs / "python", "workflow/build_book.py", "--run", "runs/smoke", "--workspace", "b")
    assert made.splitlines()[-1].endswith("b/_build/html/index.html")
