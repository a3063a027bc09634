"""A sweep of a hundred runs is killed on the way, continued and extended; nothing that was finished is done again.

The runs are real but cheap: two float networks of one epoch, ternarized without retraining at many thresholds.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import yaml
from helpers import sweep_project

from harlib.project import project_root
from harlib.sweeps import graph, job, tables
from sweeps.examples import graph_of

RUNS = 100
SEEDS = [0, 1]
COMMAND = [sys.executable, "-c", "import sys; from harlib.cli import main; sys.exit(main())", "sweep", "many"]
SHORT = {"subjects": 4, "trials": 5, "fresh_subjects": 2, "folds": 2, "fp32_epochs": 1}
pytestmark = pytest.mark.slow


def sweep(project, points):
    """Write a sweep of so many thresholds, with two seeds each; the folder of its results."""
    thresholds = [round(0.02 * (1 + i), 2) for i in range(points)]
    content = {"parameters": SHORT, "grid": {"threshold": thresholds}, "seeds": SEEDS, "stages": ["ternary-ptq"]}
    (project / "config" / "sweeps" / "many.yml").write_text(yaml.safe_dump(content))
    return project / "runs" / "sweeps" / "many"


def start(project):
    environment = os.environ | {"PYTHONPATH": str(project_root() / "src")}
    pipe = subprocess.PIPE
    return subprocess.Popen(COMMAND, cwd=project, env=environment, text=True, stdout=pipe, start_new_session=True)


def done(project):
    """Let a sweep end: how many runs and jobs it said that it has, and how many of these jobs it did."""
    with start(project) as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    runs, left, jobs = re.match(r"many: (\d+) runs, (\d+) of (\d+) jobs to do\n", out).groups()
    assert f"{runs} of {runs} runs are finished" in out
    return int(runs), int(left), int(jobs)


def finished(folder):
    """When each finished job ended, by its marker."""
    held = json.loads((folder / graph.PLAN).read_text())
    markers = {name: folder / graph.marker(name) for name in held["jobs"]}
    return {name: path.stat().st_mtime_ns for name, path in markers.items() if path.is_file()}


def in_one_go(project, folder):
    """The table of the same sweep, its jobs done one after the other in this process, without Snakemake."""
    content, runs, jobs = graph_of(project / "config" / "sweeps" / "many.yml")
    text = graph.text(content, runs, jobs)
    folder.mkdir()
    (folder / graph.PLAN).write_text(text)
    for name in jobs.jobs:
        job.do(folder, name)
    tables.write(folder, json.loads(text))
    return (folder / tables.TABLE).read_text()


def test_a_killed_sweep_is_continued_and_extended_and_nothing_is_done_twice(tmp_path, record_property):
    project = sweep_project(tmp_path / "project")
    folder = sweep(project, RUNS // len(SEEDS))

    with start(project) as process:
        while len(list(folder.glob("run/*/metrics.csv"))) < RUNS // 2:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    while True:  # until the kernel has ended all that the killed process started
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    before = finished(folder)
    assert RUNS // 2 <= sum(name.startswith("run/") for name in before) < RUNS
    record_property("finished_when_killed", len(before))

    runs, left, jobs = done(project)
    assert (runs, jobs) == (RUNS, 1 + len(SEEDS) + 2 * RUNS)  # the data, the float networks, a network and a row a run
    assert left == jobs - len(before)
    middle = finished(folder)
    assert len(middle) == jobs
    assert before.items() <= middle.items()

    more = 5
    sweep(project, RUNS // len(SEEDS) + more)
    runs, left, jobs = done(project)
    assert (runs, left) == (RUNS + more * len(SEEDS), 2 * more * len(SEEDS))
    after = finished(folder)
    assert len(after) == jobs
    assert middle.items() <= after.items()

    assert done(project) == (runs, 0, jobs)
    assert finished(folder) == after
    assert (folder / tables.TABLE).read_text() == in_one_go(project, tmp_path / "one-go")
