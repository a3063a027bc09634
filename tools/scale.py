"""Measure how the cost of a sweep grows, for the page book/scale.md: python tools/scale.py [cost] [plan] [submit]

cost    one sweep after the other, small ones: processor time, memory and files of each job    reference/scale/cost.csv
plan    Snakemake's dry run of sweeps of up to 10,000 runs                                  reference/scale/planning.csv
submit  Snakemake drives a cluster that is pretended and ends each job at once            reference/scale/submitting.csv

Without names all are measured; the machine should do nothing else. Jobs that were measured are not measured again
(_build/scale, which can be deleted). What the page shows is then computed from these tables by tools/scale_tables.py.
"""

import argparse
import csv
import io
import itertools
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from scale_snakemake import WAYS, Row, planning, prepare, submitting, used

from harlib import files, manifest, provenance, stages
from harlib.project import project_root
from harlib.sweeps import driver as sweeps
from harlib.sweeps import graph, page, plan, tables

ROOT = project_root()
TABLES = ROOT / "reference" / "scale"
WORK = ROOT / "_build" / "scale"
TRIALS = 10
BASE = {"samples": 80, "folds": 2, "seeds": 1, "points": 1}
SIZES = (
    *({"samples": samples} for samples in (40, 160, 320, 640)),
    *({"folds": folds} for folds in (3, 4, 6)),
    *({"samples": samples, "folds": 4} for samples in (160, 320)),
    *({"seeds": seeds} for seeds in (2, 3, 4)),
    *({"points": points} for points in (2, 3, 4)),
)
PLANNED = (100, 200, 500, 1000, 2000, 5000, 10_000)
SUBMITTED = tuple(itertools.product((100, 1000, 10_000), WAYS))


def small(samples: int, folds: int, seeds: int, points: int) -> Row:
    """A sweep with everything as published but its size; the fresh set is three quarters of the samples."""
    size = {"subjects": samples // TRIALS, "trials": TRIALS, "fresh_subjects": 3 * samples // 20, "fresh_trials": 5}
    return {
        "parameters": size | {"folds": folds},
        "grid": {"threshold": [0.5, 0.7, 0.9, 1.1][:points]},
        "seeds": list(range(seeds)),
        "stages": list(stages.ORDER),
    }


def measured(job: str, folder: Path) -> Row:
    """Do one job of the plan in a folder, in a process of its own as Snakemake does, or read what it took before."""
    held = folder / "measured" / f"{job.replace('/', '-')}.json"
    if not held.is_file() or not (folder / graph.marker(job)).is_file():
        shutil.rmtree(folder / job, ignore_errors=True)
        held.parent.mkdir(parents=True, exist_ok=True)
        took = used([sys.executable, "-m", "harlib.sweeps.job", job], folder, held.with_suffix(".txt"))
        left = [path for path in (folder / job).rglob("*") if path.is_file() and not path.is_symlink()]
        table = folder / job / "metrics.csv"  # of a run, its part of the sweep's table
        rows = len(table.read_text().splitlines()) - 1 if table.is_file() else 0
        sizes = {"files": len(left), "bytes": sum(path.stat().st_size for path in left), "rows": rows}
        files.write(held, json.dumps(took._asdict() | sizes))
    found: Row = json.loads(held.read_text())
    return found


def finishing(folder: Path, jobs: graph.Graph, runs: list[plan.SweepRun]) -> dict[str, float]:
    """Processor seconds of what `harlib sweep` does itself: look at every finished network, then write the page."""
    held = json.loads((folder / graph.PLAN).read_text())
    times = [time.process_time()]
    sweeps.drop_damaged(folder, jobs, runs)
    times.append(time.process_time())
    tables.write(folder, held)
    page.html("measured", held, tables.places(folder, held), len(runs))
    times.append(time.process_time())
    return dict(zip(("check", "page"), (after - before for before, after in itertools.pairwise(times)), strict=True))


def cost(sizes: Iterable[Mapping[str, int]] = ({}, *SIZES), work: Path = WORK / "cost") -> list[Row]:
    """A row for each size and kind of job: how many jobs, and what all of them used and left."""
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for size in sizes:
        full = BASE | size
        runs, jobs = prepare(small(**full), work)
        if not rows:  # the first process also fills the file cache and compiles
            used([sys.executable, "-m", "harlib.sweeps.job", next(iter(jobs.jobs))], work, work / "first.txt")
        done: dict[str, list[Row]] = {}
        for job in jobs.jobs:  # in an order in which each comes after those that it needs
            done.setdefault(job.split("/")[0], []).append(measured(job, work))
        for stage, held in done.items():
            total = {name: sum(row[name] for row in held) for name in ("cpu_s", "files", "bytes", "rows")}
            peak = max(row["peak_mb"] for row in held)
            shown = {"cpu_s": f"{total['cpu_s']:.3f}", "peak_mb": f"{peak:.1f}"}
            rows.append({**full, "stage": stage, "jobs": len(held), **total, **shown})
        for stage, seconds in finishing(work, jobs, runs).items():
            nothing = dict.fromkeys(("files", "bytes", "rows"), 0)
            shown = {"cpu_s": f"{seconds:.3f}", "peak_mb": ""}
            rows.append({**full, "stage": stage, "jobs": 0, **nothing, **shown})
        print(", ".join(f"{name} {value}" for name, value in full.items()), flush=True)
    return rows


def published() -> list[Row]:
    """What the published run took for the stages of all folds: the page compares it with what the laws say."""
    held = manifest.load(ROOT / "reference" / "published")
    return [{"stage": name, "seconds": f"{sum(stage.seconds):.1f}"} for name, stage in held.stages.items()]


def conditions() -> list[Row]:
    """What the figures depend on."""
    versions = {name: metadata.version(name) for name in ("snakemake", "snakemake-executor-plugin-slurm", "torch")}
    cores = str(os.cpu_count())
    found = {"processor": provenance.cpu_name(), "cores": cores, "Python": platform.python_version()} | versions
    found["sizes that stay"] = ", ".join(
        f"{value} {name.rstrip('s') if value == 1 else name}" for name, value in BASE.items()
    )
    found["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    return [{"condition": name, "value": value} for name, value in found.items()]


def in_a_folder(measure: Callable[..., Row], *arguments: Any) -> Row:
    """Call with a folder that is removed afterwards, and show what is found."""
    with tempfile.TemporaryDirectory() as folder:
        row = measure(*arguments, Path(folder))
    print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return row


def save(name: str, rows: list[Row]) -> None:
    """Write a table of reference/scale."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write(TABLES / f"{name}.csv", text.getvalue())


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["cost", "plan", "submit"])
    what = parser.parse_args().what
    if not what or "cost" in what:
        save("cost", cost())
        save("published", published())
    if not what or "plan" in what:
        save("planning", [in_a_folder(planning, runs) for runs in PLANNED])
    if not what or "submit" in what:
        save("submitting", [in_a_folder(submitting, *call) for call in SUBMITTED])
    save("conditions", conditions())


if __name__ == "__main__":
    main()
