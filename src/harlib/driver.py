"""Drives Snakemake for `harlib run`: one run at a time in a folder, progress lines, errors in one line."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harlib import files, freshness, parameters, workflow
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run, read_yaml

LOG = "snakemake.log"
_SIDE_BY_SIDE = 2  # notebooks at a time; the graph is nowhere wider


def run_study(config: Path, name: str | None, workers: int | None, dry_run: bool = False) -> int:
    """Run or resume the study of a YAML file into runs/<name>.

    Args:
        config: YAML file of parameters; names that are left out take the published defaults.
        name: folder under runs/ (default: the file's name without .yml).
        workers: folds that a notebook trains at a time (default: parameter `workers`).
        dry_run: print which notebooks would run, and why, and do nothing.

    Raises:
        HarlibError: bad parameters (before any work), another process in the folder, or a notebook that failed.
    """
    root = project_root()
    checked = parameters.check(read_yaml(config), str(config))
    name = name or config.stem
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name.startswith("."):
        raise HarlibError(f"run name {name!r}: letters, digits, '.', '_' and '-' are allowed")
    if name == "published" and checked.device != "cpu":
        raise HarlibError(f"device = {checked.device!r}: published runs are computed on the cpu")
    if name == "published" and checked.compiled:
        raise HarlibError("compiled = true: published runs do without torch.compile")
    if checked.device != "cpu":
        from harlib import process  # with torch, which takes seconds to import

        process.check_device(checked.device)
    run = Run(root / "runs" / name)
    if dry_run:
        found = freshness.outdated(root, run, checked)
        print("\n".join(f"{name}: {_few(reasons)}" for name, reasons in found.items()) or f"runs/{name} is complete")
        return 0
    with only_one(run.path) as lock:
        files.sweep(run.path)
        workflow.prepare(root, run, checked)
        with progress(run.path / "progress.log"):
            failed = snakemake(run.path, _command(root, run, workers or checked.workers, checked.device), lock)
    if failed:
        raise HarlibError(_failure(run.path))
    print(f"runs/{name} is complete")
    return 0


def _few(reasons: list[str], most: int = 3) -> str:
    more = [f"and {len(reasons) - most} more"] if len(reasons) > most else []
    return ", ".join([*reasons[:most], *more])


def _command(root: Path, run: Run, workers: int, device: str) -> list[str]:
    arguments = ["--snakefile", str(root / "workflow" / "Snakefile"), "--cores", str(_SIDE_BY_SIDE)]
    arguments += ["--max-checksum-file-size", "1GB"]  # so that data made again with the same content reruns nothing
    return command(run.path, arguments, root=root, run=run.path.relative_to(root), workers=workers, device=device)


def command(folder: Path, arguments: list[str], **settings: object) -> list[str]:
    """The command that runs Snakemake in a folder, with settings for the rules; it dies with the process here."""
    setpriv = shutil.which("setpriv")
    settings["setpriv"] = int(bool(setpriv))
    found = [sys.executable, "-m", "snakemake", "--directory", str(folder), "--rerun-incomplete", "--nocolor"]
    found += [*arguments, "--config", *(f"{name}={value}" for name, value in settings.items())]
    return [setpriv, "--pdeathsig", "KILL", *found] if setpriv else found


def snakemake(folder: Path, command: list[str], lock: int) -> bool:
    """Run a command of Snakemake in the folder that `lock` holds, log to snakemake.log, and say whether it failed."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if (folder / ".snakemake" / "locks").is_dir():  # left by a killed run: nobody else is here
        subprocess.run([*command, "--unlock"], env=environment, capture_output=True, check=False)
    with (folder / LOG).open("w") as log:
        ended = subprocess.run(command, env=environment, stdout=log, stderr=log, pass_fds=(lock,), check=False)
    return bool(ended.returncode)


@contextmanager
def only_one(folder: Path) -> Iterator[int]:
    """Hold the folder's lock; Snakemake inherits it, so that it also holds when only harlib is killed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise HarlibError(f"{folder} cannot be written ({error.strerror}): free or choose another folder") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield handle
    except BlockingIOError:
        raise HarlibError(f"{folder} is in use by another `harlib run`: wait for it or stop it first") from None
    finally:
        os.close(handle)


@contextmanager
def progress(path: Path, pattern: str = "") -> Iterator[None]:
    """Print the lines that others append to a log and that begin with a pattern, while the block runs."""
    path.write_text("")
    ended = threading.Event()

    def follow() -> None:
        with path.open() as log:
            while True:
                last = ended.is_set()
                for line in log:
                    if re.match(pattern, line):
                        print(line, end="", flush=True)
                if last:
                    return
                time.sleep(0.2)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _failure(run: Path) -> str:
    """One line about what stopped Snakemake."""
    text = (run / LOG).read_text(errors="replace")
    failed = re.findall(r"Error in rule ([\w-]+):", text)
    if not failed:
        lines = [line for line in text.splitlines() if line.strip()]
        return f"the workflow stopped ({lines[-1].strip() if lines else 'no message'}): see {run / LOG}"
    log = run / "logs" / f"{failed[0]}.txt"
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    errors = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception|Interrupt)\b.*", line)]
    reason = re.sub(r"^(harlib\.errors\.)?HarlibError: ", "", errors[-1]) if errors else "no message"
    return f"notebook {failed[0]}: {reason} (log: {log})"
