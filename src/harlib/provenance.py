"""Where a run's numbers come from: its whole tables, and a manifest of what they were made with."""

import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from harlib import __version__, files, fingerprint, stages
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run
from harlib.study import Study

FRESH = "fresh_predictions"  # columns: seed, stage, sample, group, label, then fold0, fold1, ...: what each predicted


def gather(work: Study) -> dict[str, pd.DataFrame]:
    """Write metrics.csv, predictions.csv and fresh_predictions.csv of a whole run, stages in the book's order.

    A stage that the target run does not hold is taken from the source run.

    Returns:
        The three tables by name.

    Raises:
        HarlibError: a stage is in neither run.
    """
    tables = {
        kind: pd.concat([_stage(work, kind, name) for name in stages.ORDER]) for kind in ("metrics", "predictions")
    }
    tables[FRESH] = pd.concat([_fresh(work, name) for name in stages.ORDER])
    for kind, table in tables.items():
        tables[kind] = table.reset_index(drop=True)
        files.write(work.target.path / f"{kind}.csv", tables[kind].to_csv(index=False))
    return tables


def origins(work: Study) -> dict[str, str]:
    """Name the run, target or source, from which `gather` takes the accuracy of each stage: stage to run's name."""
    return {stage: _held(work, "metrics", stage)[0].path.name for stage in stages.ORDER}


def _stage(work: Study, kind: str, stage: str) -> pd.DataFrame:
    return _held(work, kind, stage)[1]


def _held(work: Study, kind: str, stage: str) -> tuple[Run, pd.DataFrame]:
    """The run that holds a stage's table, and the table; the target's whole table is an output, never an input."""
    for run in (work.target, work.source):
        part = run.path / kind / f"{stage}.csv"
        if part.is_file():
            return run, pd.read_csv(part)
    whole = work.source.path / f"{kind}.csv"
    if whole.is_file():
        table = pd.read_csv(whole)
        if len(table := table[table["stage"] == stage]):
            return work.source, table
    raise _missing(work, stage)


def _fresh(work: Study, stage: str) -> pd.DataFrame:
    fresh = work.dataset("fresh")
    for run in (work.target, work.source):
        results = [run.result(stage, fold) for fold in range(work.parameters.folds)]
        if all(results):
            table = pd.DataFrame({"seed": work.parameters.seed, "stage": stage, "sample": np.arange(len(fresh))})
            table["group"], table["label"] = fresh.group, fresh.y
            for fold, result in enumerate(results):
                table[f"fold{fold}"] = (result or {})["fresh_predictions"]
            return table
    whole = work.source.path / f"{FRESH}.csv"
    if whole.is_file():
        table = pd.read_csv(whole)
        if len(table := table[table["stage"] == stage]):
            return table
    raise _missing(work, stage)


def _missing(work: Study, stage: str) -> HarlibError:
    places = " nor ".join(dict.fromkeys(str(run.path) for run in (work.target, work.source)))
    return HarlibError(f"stage {stage!r} is not finished in {places}: run its notebook, or the study with `harlib run`")


def manifest(work: Study) -> dict[str, Any]:
    """Write manifest.json of the target run: what made its numbers.

    Returns:
        Its content: run, parameters, seed, commit and whether the tree was dirty (None outside git), harlib's version
        and the hash of its sources, hashes of lock and data, versions, cpu, threads, and seconds a stage and fold
        (empty for a stage whose durations the run does not hold).
    """
    root = project_root()
    lock = root / "requirements.lock"
    commit, dirty = git_state(root)
    p = work.parameters
    content = {
        "run": work.target.path.name,
        "parameters": p.model_dump(mode="json", exclude={"workers"}),
        "seed": p.seed,
        "commit": commit,
        "dirty": dirty,
        "harlib": {"version": __version__, "sources": sources_hash()},
        "lock": files.sha256(lock) if lock.is_file() else None,
        "data": {name: files.sha256(path) for name, path in work.data_files().items()},
        "python": platform.python_version(),
        "packages": package_versions(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": {"name": cpu_name(), "count": os.cpu_count()},
        "threads": {"processes": p.workers, "torch threads each": torch.get_num_threads()},
        "seconds": {stage: _seconds(work, stage) for stage in stages.ORDER},
    }
    files.write(work.target.path / "manifest.json", json.dumps(content, indent=1) + "\n")
    return content


def _seconds(work: Study, stage: str) -> dict[str, Any]:
    held: list[Run] = [work.target, work.source]
    for run in held:
        results = [run.result(stage, fold) for fold in range(work.parameters.folds)]
        if all(results):
            folds = [round(float((result or {})["seconds"]), 1) for result in results]
            return {"sum": round(sum(folds), 1), "folds": folds}
    return {"sum": None, "folds": []}


def git_state(root: Path) -> tuple[str | None, bool | None]:
    """The commit that a folder is at and whether files differ from it; (None, None) outside git or without a commit."""
    try:
        commit = _git(root, "rev-parse", "--verify", "HEAD").strip()
        return commit, bool(_git(root, "status", "--porcelain").strip())
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sources_hash() -> str:
    """Hex SHA-256 over harlib's own source files, whatever their language."""
    found = [path for path in fingerprint.PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return fingerprint.digest({}, sorted(found))


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that harlib imports, by name."""
    names = [requirement.split(";")[0].strip() for requirement in metadata.requires("harlib") or []]
    return {name: metadata.version(name) for name in sorted(names)}


def cpu_name() -> str:
    """The processor's name as the system gives it, or its architecture where it gives none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next((name for name in (*names, platform.processor(), platform.machine()) if name), "unknown")
