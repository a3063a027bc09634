"""What Snakemake itself takes for a sweep: to plan it, and to hand its runs to a cluster."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from harlib import driver, stages
from harlib.project import project_root
from harlib.sweeps import driver as sweeps
from harlib.sweeps import graph, plan

ROOT = project_root()
PROFILE = ROOT / "workflow" / "profiles" / "slurm"
Row = dict[str, Any]

DEFAULTS = "--scheduler ilp --scheduler-subsample 1000000 --default-resources mem_mb=1500 runtime=60"
WAYS = {"as in the profile": [], "by default": DEFAULTS.split()}
"""Options against those of the profile."""
PATIENCE = 120.0
"""Seconds that Snakemake is watched after it submitted the first run."""


class Used(NamedTuple):
    """What a process used: seconds by the clock and of the processor, children included, and most memory at a time."""

    wall_s: float
    cpu_s: float
    peak_mb: float


# A process of its own, because a child's peak begins with what its parent holds when it starts it.
WATCH = """
import json, os, sys, time
started = time.monotonic()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ), 0)
used = time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
print(json.dumps([os.waitstatus_to_exitcode(status), *used]), file=sys.stderr)
"""


def used(command: list[str], folder: Path, log: Path) -> Used:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: it failed; its output is in the log.
    """
    watch = [sys.executable, "-S", "-E", "-c", WATCH, *command]
    with log.open("w") as out:
        ended = subprocess.run(watch, cwd=folder, stdout=out, stderr=subprocess.PIPE, text=True, check=True)
    *said, numbers = ended.stderr.splitlines()
    with log.open("a") as out:
        out.writelines(f"{line}\n" for line in said)
    status, *values = json.loads(numbers)
    if status:
        raise subprocess.CalledProcessError(status, command, log.read_text(errors="replace"))
    return Used(*values)


def prepare(content: Mapping[str, Any], folder: Path) -> tuple[list[plan.SweepRun], graph.Graph]:
    """Check a sweep as `harlib sweep` does and write its plan into a folder."""
    source = folder / "sweep.yml"
    source.write_text(yaml.safe_dump(dict(content)))
    sweep = plan.load(source)
    runs = plan.expand(sweep, source)
    jobs = graph.build(sweep, runs, ROOT)
    (folder / graph.PLAN).write_text(graph.text(sweep, runs, jobs))
    return runs, jobs


def wide(runs: int) -> Row:
    """A sweep in which runs share nothing but the data: eight jobs each."""
    rates = [round(1e-3 + 1e-6 * number, 6) for number in range(runs // 10)]
    return {"grid": {"fp32_learning_rate": rates}, "seeds": list(range(10)), "stages": list(stages.ORDER)}


def planning(runs: int, folder: Path) -> Row:
    """The dry run of a wide sweep, as `harlib sweep` would start it, and what harlib does before."""
    began = time.process_time()
    _, jobs = prepare(wide(runs), folder)
    before = time.process_time() - began
    command = driver.command(folder, [*sweeps.arguments(ROOT), "--cores", "2", "--dry-run"], workers=1)
    log = folder / "dry-run.txt"
    took = used(command, folder, log)
    return {
        "runs": runs,
        "jobs": len(jobs.jobs),
        "plan_cpu_s": f"{before:.2f}",
        "plan_bytes": (folder / graph.PLAN).stat().st_size,
        "cpu_s": f"{took.cpu_s:.1f}",
        "wall_s": f"{took.wall_s:.1f}",
        "peak_mb": f"{took.peak_mb:.0f}",
        "log_bytes": log.stat().st_size,
    }


def submitting(runs: int, way: str, folder: Path, patience: float = PATIENCE) -> Row:
    """How fast Snakemake gets rid of runs on a cluster whose jobs take no time; it is stopped after a while."""
    prepare(wide(runs), folder)
    commands = folder / "commands"
    commands.mkdir()
    for name in ("sbatch", "squeue", "scontrol", "sinfo"):
        script = f'#!/bin/sh\nexec "{sys.executable}" -S -E "{ROOT}/tools/pretended_slurm.py" {name} "$@"\n'
        (commands / name).write_text(script)
        (commands / name).chmod(0o755)
    pretended = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "PRETENDED_JOBS": str(folder / "jobs.txt")}
    options = [*sweeps.arguments(ROOT), "--profile", str(PROFILE), *WAYS[way]]
    log = folder / "submitting.txt"
    with log.open("w") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            driver.command(folder, options, workers=1), env=os.environ | pretended, cwd=folder, stdout=out, stderr=out
        )
        ready, first, ended, killed = 0.0, 0.0, 0, False
        while not ended:
            time.sleep(0.2)
            text, now = log.read_text(errors="replace"), time.monotonic() - started
            ready = ready or (now if "(Rule: data)" in text else 0.0)
            first = first or (now if text.count(" has been submitted ") > 1 else 0.0)
            if first and now - first > patience:
                os.kill(process.pid, signal.SIGKILL)  # process.kill() would collect its usage
                killed = True
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not killed and process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, text)
    if not first:
        raise RuntimeError(f"no run was submitted: {text[-1000:]}")
    return {
        "runs": runs,
        "scheduler": way,
        "planned_s": f"{ready:.1f}",
        "first_s": f"{first - ready:.1f}",
        "finished": text.count("(Rule: run)"),
        "in_s": f"{now - first:.1f}",
        "cpu_s": f"{usage.ru_utime + usage.ru_stime:.1f}",
    }
