"""Where a run's numbers come from: its whole tables, and a manifest of what they were made with."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from harlib import __version__, files, fingerprint, process, stages
from harlib import manifest as manifest_file
from harlib.errors import HarlibError
from harlib.manifest import Cpu, Harlib, Manifest, StageRecord, Threads
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


def manifest(work: Study) -> Manifest:
    """Write manifest.json of the target run, as the last of its files, and give what it says."""
    root = project_root()
    lock = root / "requirements.lock"
    commit, dirty = git_state(root)
    p = work.parameters
    made = Manifest(
        run=work.target.path.name,
        parameters=p.model_dump(mode="json", exclude={"workers"}),
        seed=p.seed,
        commit=commit,
        dirty=dirty,
        harlib=Harlib(version=__version__, sources=fingerprint.sources_hash()),
        lock=files.sha256(lock) if lock.is_file() else None,
        data={name: files.sha256(path) for name, path in work.data_files().items()},
        python=platform.python_version(),
        packages=package_versions(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=Cpu(name=cpu_name(), count=os.cpu_count()),
        threads=Threads(processes=p.workers, torch_threads_each=process.threads()),
        stages={stage: _record(work, stage) for stage in stages.ORDER},
        files={path.relative_to(work.target.path).as_posix(): files.sha256(path) for path in _results(work.target)},
    )
    manifest_file.save(work.target.path, made)
    return made


RESULTS = (
    *("params.yml", "metrics.csv", "predictions.csv", f"{FRESH}.csv", "claims.json"),
    *("figures/*.svg", "checkpoints/*/*.safetensors", "models/*.json", "vectors/*.npz"),
)


def _results(run: Run) -> list[Path]:
    return [path for pattern in RESULTS for path in sorted(run.path.glob(pattern))]


def _record(work: Study, stage: str) -> StageRecord:
    for run in (work.target, work.source):
        results = [run.result(stage, fold) for fold in range(work.parameters.folds)]
        held = [result for result in results if result and "peak_memory_mb" in result]
        if len(held) == len(results):
            return StageRecord(
                started=min(result["started"] for result in held),
                seconds=tuple(round(float(result["seconds"]), 1) for result in held),
                peak_memory_mb=round(max(result["peak_memory_mb"] for result in held)),
            )
    return StageRecord()


def facts(made: Manifest, origins: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the book prints of a manifest, a name and a value a line.

    Args:
        made: the manifest.
        origins: the run that each stage's numbers are from, as `origins` gives it.
    """
    other = [f"{stage} ({run})" for stage, run in origins.items() if run != made.run]
    took = {name: record for name, record in made.stages.items() if record.seconds}
    return [
        ("run", made.run),
        ("stages from another run", ", ".join(other) or "none"),
        ("commit", made.commit or "not known"),
        ("files changed since the commit", {True: "yes", False: "no", None: "not known"}[made.dirty]),
        ("harlib", f"{made.harlib.version}, sources {made.harlib.sources[:12]}"),
        ("seed", str(made.seed)),
        ("data, SHA-256", ", ".join(f"{name} {mark[:12]}" for name, mark in made.data.items())),
        ("lock, SHA-256", (made.lock or "not known")[:12]),
        ("results", f"{len(made.files)} files with their SHA-256 in manifest.json"),
        ("Python", made.python),
        ("packages", ", ".join(f"{name} {version}" for name, version in made.packages.items())),
        ("machine", f"{made.cpu.name}, {made.cpu.count} logical processors, {made.system}"),
        ("processes", f"{made.threads.processes}, torch threads in each: {made.threads.torch_threads_each}"),
        ("started, UTC", ", ".join(f"{name} {record.started}" for name, record in took.items())),
        ("seconds, all folds", ", ".join(f"{name} {sum(record.seconds):.0f}" for name, record in took.items())),
        ("peak memory, MB", ", ".join(f"{name} {record.peak_memory_mb:.0f}" for name, record in took.items())),
    ]


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
