"""Make .venv from requirements.lock: every package at its exact version, torch in its CPU build.

    python3.11 tools/environment.py

A call that finds everything in place does nothing; one that was interrupted is finished by the next. `TORCH=cuda` in
the environment takes whatever build of torch the default package index offers, CUDA packages included.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".complete"
PYTHON = (3, 11)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SIZES = "downloads about 602 MB and takes 2.4 GB on disk"
SIZES_CUDA = "downloads about 3 GB"
SIZES_OFFLINE = "takes 2.4 GB on disk"


class EnvironmentProblem(Exception):
    """Something the user can mend; its text is shown as it is."""


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python for which the lock was not made."""
    if tuple(version[:2]) != PYTHON:
        found = ".".join(str(part) for part in version[:3])
        wanted = ".".join(str(part) for part in PYTHON)
        raise EnvironmentProblem(
            f"Python {wanted} is needed and this is Python {found}: install python{wanted} with its venv module, "
            f"or name one that is there: make PYTHON=/path/to/python{wanted}"
        )


def locked(name: str, lock: str) -> str:
    """Give the requirement `name==version` as the lock has it."""
    match = re.search(rf"(?mi)^{re.escape(name)}==[^\s;]+", lock)
    if match is None:
        raise EnvironmentProblem(f"{LOCK.name} names no version of {name}")
    return match.group()


def cuda_packages(report: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    """Name the CUDA packages in what `pip install --report` says it would install."""
    names = [item["metadata"]["name"].lower() for item in report["install"]]
    return sorted(name for name in names if re.match(r"(nvidia|cuda)[-_]", name))


def fingerprint(torch: str) -> str:
    """Hash everything on which the content of .venv depends, and name the build of torch."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(VENV).encode(), torch.encode()]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest() + f" {torch}"


def pip(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the pip of .venv."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, check=False, capture_output=capture)


def install(*arguments: str) -> None:
    """Run `pip install` quietly; stop with pip's own words when it fails."""
    if pip("install", "-qq", *arguments).returncode:
        raise EnvironmentProblem("pip could not install the packages (its reason stands above); try the same again")


def make_venv() -> None:
    """Make .venv, or mend what an interrupted call or a moved folder left."""
    config = VENV / "pyvenv.cfg"
    sound = config.is_file() and str(VENV) in config.read_text() and (VENV / "bin" / "pip").exists()
    if not sound:
        shutil.rmtree(VENV, ignore_errors=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], text=True, capture_output=True, check=False)
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            raise EnvironmentProblem(
                "Python 3.11 is here without its venv module (Debian, Ubuntu: apt-get install python3.11-venv):\n"
                + (made.stdout + made.stderr).strip()
            )
    # pip writes RECORD last: a package without one was cut off half-way, though pip would take it for installed. And
    # what an update replaces pip moves to a name that starts with ~, where a killed update leaves it.
    for path in VENV.glob("lib/python*/site-packages/*"):
        half = path.suffix == ".dist-info" and not (path / "RECORD").is_file()
        if path.is_dir() and (half or path.name.startswith("~")):
            shutil.rmtree(path)


def would_install(requirement: str, *index: str) -> dict[str, list[dict[str, dict[str, str]]]] | None:
    """Ask pip what it would install; None if it finds no index or no such version there."""
    options = ("--dry-run", "--ignore-installed", "--quiet", "--report", "-")
    ran = pip("install", *options, *index, requirement, capture=True)
    return json.loads(ran.stdout) if ran.returncode == 0 else None


def torch_index(requirement: str, torch: str) -> list[str]:
    """Choose pip's arguments that lead to the build of torch the user wants.

    Raises:
        EnvironmentProblem: only a CUDA build can be had and nobody asked for it.
    """
    if torch == "cuda":
        return []
    if sys.platform == "linux":
        cpu = ["--index-url", CPU_INDEX, "--retries", "0", "--timeout", "8"]
        report = would_install(requirement, "--no-deps", *cpu)
        if report is not None and not cuda_packages(report):
            return cpu
    report = would_install(requirement)
    if report is None:
        raise EnvironmentProblem(f"pip finds {requirement} at no package index: is there a network?")
    if found := cuda_packages(report):
        raise EnvironmentProblem(
            f"The default package index offers {requirement} only with CUDA ({', '.join(found[:3])}, ...: 2.7 GB to "
            f"download), and {CPU_INDEX} has no CPU build that can be reached.\n"
            "Make that address reachable, or take the large build: make TORCH=cuda"
        )
    return []


def update(torch: str) -> None:
    """Bring .venv to what the lock says and leave the stamp as the last thing."""
    lock = LOCK.read_text()
    count = len(re.findall(r"(?m)^[\w.-]+==", lock))
    sizes = SIZES_OFFLINE if os.environ.get("PIP_NO_INDEX") else SIZES_CUDA if torch == "cuda" else SIZES
    print(f"Environment: {count} packages into .venv; a fresh one {sizes}.", flush=True)
    switched = STAMP.is_file() and not STAMP.read_text().endswith(f" {torch}")
    STAMP.unlink(missing_ok=True)
    make_venv()
    install(locked("pip", lock))
    requirement = locked("torch", lock)
    version = requirement.split("==")[1]
    if switched:
        pip("uninstall", "--quiet", "--yes", "torch")
    if not any(VENV.glob(f"lib/python*/site-packages/torch-{version}*.dist-info")):
        index = torch_index(requirement, torch)
        print(f"Environment: {requirement} ({'CUDA' if torch == 'cuda' else 'CPU'} build)", flush=True)
        install(*index, *([] if torch == "cuda" else ["--no-deps"]), requirement)
    print("Environment: the other packages", flush=True)
    install("--no-deps", "--requirement", str(LOCK))
    install("--no-deps", "--no-build-isolation", "--editable", ".")
    if pip("check").returncode:
        raise EnvironmentProblem("The packages in .venv do not fit together; remove the folder .venv and try again")
    STAMP.write_text(fingerprint(torch))
    print("Environment: complete", flush=True)


def exit_status(work: Callable[[], None]) -> int:
    """Do the work of a program; its problem, if it has one, is printed and makes the status 1."""
    try:
        work()
    except EnvironmentProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def bring() -> None:
    """Check what is asked for, and update where something is not in place."""
    check_python(sys.version_info[:3])
    torch = os.environ.get("TORCH") or "cpu"
    if torch not in ("cpu", "cuda"):
        raise EnvironmentProblem(f"TORCH={torch}: allowed are cpu (the default) and cuda")
    if not STAMP.is_file() or STAMP.read_text() != fingerprint(torch):
        update(torch)


def main() -> int:
    """Run as a program."""
    return exit_status(bring)


if __name__ == "__main__":
    sys.exit(main())
