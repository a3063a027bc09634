"""Pack the study for a class without network: python tools/wheelhouse.py [--out FOLDER] [--book HTML] [--run RUN]

FOLDER (build/wheelhouse) then holds every package of requirements.lock as a wheel for this kind of machine, the
committed source, the built book, a finished run if there is one, and `install.sh`, which makes the environment of them
and asks no index. A call that was stopped goes on where it was; wheels that are there already are not fetched again.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from release import LEFT_OUT

ROOT = Path(__file__).resolve().parent.parent
TEXTS = ROOT / "tools" / "wheelhouse"


class WheelhouseError(environment.EnvironmentProblem):
    """Something that keeps the packing back; its text says what to do."""


def wanted(lock: str) -> dict[tuple[str, str], str]:
    """The requirement of each package that this machine needs, by its canonical name and version."""
    lines = [Requirement(line) for line in lock.splitlines() if line and not line.startswith("#")]
    needed = [line for line in lines if line.marker is None or line.marker.evaluate()]
    return {(canonicalize_name(line.name), str(line.specifier).removeprefix("==")): str(line) for line in needed}


def held(folder: Path) -> dict[tuple[str, str], Path]:
    """The wheels in a folder by canonical name and version, a local suffix such as `+cpu` left out."""
    found = {}
    for path in folder.glob("*.whl"):
        name, version, _, _ = parse_wheel_filename(path.name)
        found[name, version.public] = path
    return found


def fetch(folder: Path, lock: str) -> int:
    """Bring a folder of wheels to what the lock says, torch in its CPU build; give the number of packages.

    Raises:
        WheelhouseError: pip could not get or build some of them.
        EnvironmentProblem: torch is to be had only with CUDA.
    """
    folder.mkdir(parents=True, exist_ok=True)
    needed = wanted(lock)
    for key, path in held(folder).items():
        if key not in needed:
            path.unlink()
    missing = [line for key, line in needed.items() if key not in held(folder)]
    torch = [line for line in missing if line.startswith("torch==")]
    others = [line for line in missing if line not in torch]
    for lines, index in ((torch, environment.torch_index(torch[0], "cpu") if torch else []), (others, [])):
        if lines and environment.pip("wheel", "-qq", "--no-deps", *index, "-w", str(folder), *lines).returncode:
            raise WheelhouseError("pip could not get the wheels (its reason stands above); the same command goes on")
    if lacking := sorted(name for name, _ in set(needed) - set(held(folder))):
        raise WheelhouseError(f"{folder} lacks {', '.join(lacking)}: remove the folder and try again")
    return len(needed)


def pack_source(path: Path, root: Path = ROOT) -> str:
    """Pack the committed source and give its commit; what is not committed is not packed."""
    made = subprocess.run(
        ["git", "archive", "--format=tar.gz", f"--output={path}", "HEAD"],
        cwd=root,
        text=True,
        capture_output=True,
        check=False,
    )
    if made.returncode:
        raise WheelhouseError(f"The source is packed from a git repository with a commit: {made.stderr.strip()}")
    ask = ["git", "describe", "--always", "--dirty=, without what is not committed"]
    return subprocess.run(ask, cwd=root, text=True, capture_output=True, check=True).stdout.strip()


def pack_book(path: Path, html: Path) -> None:
    """Pack the built book."""
    if not (html / "index.html").is_file():
        raise WheelhouseError(f"The book is not built, {html / 'index.html'} is missing: make book, then this again")
    shutil.make_archive(str(path.with_suffix("")), "zip", html)


def pack_run(path: Path, run: Path) -> bool:
    """Pack a run, if it is finished, so that students open its notebooks without waiting."""
    path.unlink(missing_ok=True)
    if not (run / "manifest.json").is_file():
        return False
    with tarfile.open(path, "w:gz", compresslevel=6) as tar:
        tar.add(run, run.name, filter=lambda entry: None if LEFT_OUT & set(Path(entry.name).parts) else entry)
    return True


def checksums(folder: Path) -> str:
    """A line a file as `sha256sum --check` reads it, since sticks and copies go wrong."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "CHECKSUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}" for path in files]
    return "\n".join(lines) + "\n"


def text(name: str, **values: object) -> str:
    """One of the texts of tools/wheelhouse with its `@names@` filled in."""
    return re.sub(r"@(\w+)@", lambda match: str(values[match[1]]), (TEXTS / name).read_text())


def megabytes(folder: Path) -> int:
    """The size of all files in a folder, in MB."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


def pack(folder: Path, html: Path, run: Path) -> None:
    """Pack everything; the wheels, which take longest, come last, when nothing else can fail."""
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    pack_book(folder / "book.zip", html)
    commit = pack_source(folder / "harlib.tar.gz")
    print(f"Wheelhouse: the book of {html} and the source at {commit}", flush=True)
    if pack_run(folder / "run.tar.gz", run):
        print(f"Wheelhouse: the run {run.name}", flush=True)
    else:
        print(f"Wheelhouse: no run, since {run / 'manifest.json'} is missing: make quick, then this again", flush=True)
    count = fetch(folder / "wheels", environment.LOCK.read_text())
    names = os.uname()
    platform = f"{names.sysname} {names.machine}"
    (folder / "install.sh").write_text(text("install.sh", platform=platform))
    (folder / "install.sh").chmod(0o755)
    size = megabytes(folder)
    (folder / "README.txt").write_text(
        text("README.txt", platform=platform, commit=commit, packages=count, megabytes=size)
    )
    (folder / "CHECKSUMS").write_text(checksums(folder))
    print(f"Wheelhouse: {count} wheels, {size} MB in all, packed in {time.monotonic() - started:.0f} s")
    print(f"Copy the folder {folder} to the students' machines; there: sh install.sh")


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "wheelhouse", help="default build/wheelhouse")
    parser.add_argument("--book", type=Path, default=ROOT / "_build" / "html", help="default _build/html")
    parser.add_argument("--run", type=Path, default=ROOT / "runs" / "quick", help="default runs/quick")
    options = parser.parse_args()
    places = (path.resolve() for path in (options.out, options.book, options.run))
    return environment.exit_status(lambda: pack(*places))


if __name__ == "__main__":
    sys.exit(main())
