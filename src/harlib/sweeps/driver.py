"""Drives Snakemake for `harlib sweep`: on this machine with a number of cores, or on a cluster by a profile."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from harlib import driver, files
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run
from harlib.sweeps import graph, page, plan, tables

PAGE = "sweep.html"


def sweep(name: str, cores: int = 2, workers: int = 1, profile: Path | None = None, tables_only: bool = False) -> int:
    """Run, extend or continue config/sweeps/<name>.yml into runs/sweeps/<name>, and write its table and its page.

    Args:
        name: of the sweep.
        cores: of this machine, for all jobs together; on a cluster, the profile says how many jobs run.
        workers: folds that a job trains at a time.
        profile: folder of a Snakemake profile, such as workflow/profiles/slurm.
        tables_only: run nothing, write the table and the page of what is finished.

    Raises:
        HarlibError: a mistake in the sweep (before any work), another process in the folder, or jobs that failed.
    """
    root = project_root()
    source = plan.find(name, root)
    if cores < 1 or workers < 1 or (workers > cores and profile is None):
        raise HarlibError(f"cores = {cores}, workers = {workers}: at least one of each, and no more workers than cores")
    if profile is not None and not (profile / "config.yaml").is_file():
        raise HarlibError(f"{profile / 'config.yaml'} is missing: name the folder of a Snakemake profile")
    content = plan.load(source)
    runs = plan.expand(content, source)
    jobs = graph.build(content, runs, root)
    folder = root / "runs" / "sweeps" / name
    failed = False
    with driver.only_one(folder) as lock:
        text = graph.text(content, runs, jobs)
        files.write_if_changed(folder / graph.PLAN, text)
        if not tables_only:
            if profile is None:  # jobs of a cluster may still write for a call that was killed
                files.sweep(folder)
            drop_damaged(folder, jobs, runs)
            print(
                f"{name}: {len(runs)} runs, {still_open(folder, jobs.jobs)} of {len(jobs.jobs)} jobs to do", flush=True
            )
            where = ["--profile", str(profile.resolve())] if profile else ["--cores", str(cores)]
            command = driver.command(folder, [*arguments(root), *where], workers=workers)
            with driver.progress(folder / driver.LOG, r"\d+ of \d+ steps"):
                failed = driver.snakemake(folder, command, lock)
        shown = json.loads(text)
        tables.write(folder, shown)
        finished = len(runs) - still_open(folder, jobs.runs)
        files.write(folder / PAGE, page.html(name, shown, tables.places(folder, shown), finished))
    if failed:
        raise HarlibError(_failure(folder))
    print(f"{finished} of {len(runs)} runs are finished: {folder / tables.TABLE}, {folder / PAGE}")
    return 0


def arguments(root: Path) -> list[str]:
    """Options of Snakemake, the same here and on a cluster.

    Names hold what a result depends on, and a marker is whole, so only what is missing is made.
    Without --ignore-incomplete a job that left its marker would be done again where Snakemake was killed before it saw
    the job end.
    """
    return [
        *("--snakefile", str(root / "workflow" / "sweep.smk")),
        *("--keep-going", "--rerun-triggers", "mtime", "--drop-metadata", "--ignore-incomplete"),
    ]


def still_open(folder: Path, jobs: Iterable[str]) -> int:
    """How many of these jobs have not left their marker in the sweep's folder."""
    return sum(not (folder / graph.marker(name)).is_file() for name in jobs)


def drop_damaged(folder: Path, jobs: graph.Graph, runs: list[plan.SweepRun]) -> None:
    """A network whose files are not what it left behind loses its marker, so that it is made again."""
    for name, job in jobs.jobs.items():
        marker, (stage, _) = folder / graph.marker(name), name.split("/")
        if stage in ("data", "run") or not marker.is_file():
            continue
        run = Run(folder / name)
        if not all(run.whole(stage, fold) for fold in range(runs[job["run"]].parameters.folds)):
            marker.unlink()


def _failure(folder: Path) -> str:
    """One line about the jobs that failed."""
    text = (folder / driver.LOG).read_text(errors="replace")
    logs = list(dict.fromkeys(re.findall(r"^ +log: (logs/[^\s,]+)", text, re.MULTILINE)))
    errors = [
        line.removeprefix("harlib: ")
        for log in logs
        if (folder / log).is_file()
        for line in (folder / log).read_text(errors="replace").splitlines()
        if line.startswith("harlib: ")
    ]
    if errors:
        return f"{len(errors)} of the jobs failed; the first: {errors[0]} (log: {folder / driver.LOG})"
    return f"the workflow stopped: see {folder / driver.LOG}"
