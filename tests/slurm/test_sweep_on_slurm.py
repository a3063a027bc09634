"""The smoke sweep on a real SLURM cluster of one node: jobs are killed and requeued, results are as without it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from helpers import load_script, sweep_project

from harlib.project import project_root

ROOT = project_root()
SWEEP = [sys.executable, "-c", "import sys; from harlib.cli import main; sys.exit(main())", "sweep", "smoke"]
SECONDS = 900

slurm = load_script(ROOT / "tests" / "slurm" / "cluster.py")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment():
    if slurm.missing() and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run([ROOT / "tools" / "system-packages.sh", "slurm"], check=False)
    if reason := slurm.missing():
        pytest.skip(reason)
    with slurm.cluster() as found:
        yield found | {"PYTHONPATH": str(ROOT / "src")}


@pytest.fixture
def project(tmp_path):
    return sweep_project(tmp_path / "project")


def told(environment, *command):
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def jobs(environment):
    """State of each job that SLURM has had, and what it is of the sweep, by its number."""
    lines = told(environment, "squeue", "--states=all", "--noheader", "--format=%i|%T|%k").splitlines()
    return {int(number): (state, what) for number, state, what in (line.split("|") for line in lines)}


def wait_for(condition, process):
    end = time.monotonic() + SECONDS
    while not (found := condition()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.5)
    return found


def running(environment, but=()):
    """A job of a run that is being worked on, with its processes; None where there is none."""
    for number, (state, what) in jobs(environment).items():
        if state == "RUNNING" and what.startswith("rule_run") and number not in but:
            listed = told(environment, "scontrol", "listpids", str(number))
            if found := [int(line.split()[0]) for line in listed.splitlines()[1:] if int(line.split()[0]) > 0]:
                return number, found
    return None


def test_killed_jobs_are_requeued_and_the_results_are_the_same(environment, project):
    home = sweep_project(project.parent / "home")
    local = subprocess.run(
        SWEEP, cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert local.returncode == 0, local.stderr

    command = [*SWEEP, "--profile", "workflow/profiles/slurm"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=project, env=environment, text=True, stdout=pipe, stderr=pipe) as process:
        killed, processes = wait_for(lambda: running(environment), process)
        for number in processes:
            os.kill(number, signal.SIGKILL)
        requeued, _ = wait_for(lambda: running(environment, but=[killed]), process)
        told(environment, "scontrol", "requeue", str(requeued))
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, out + err

    results = [folder / "runs" / "sweeps" / "smoke" / "results.csv" for folder in (project, home)]
    assert results[0].read_text() == results[1].read_text()
    assert len(pd.read_csv(results[0]).groupby(["threshold", "seed"])) == 4
    checkpoints = [sorted(path.parent.rglob("*.safetensors")) for path in results]
    assert len(checkpoints[0]) == len(checkpoints[1]) == 20  # of two float, eight other networks, two folds each
    for one, other in zip(*checkpoints, strict=True):
        assert one.read_bytes() == other.read_bytes()

    ended = jobs(environment)
    assert ended[killed][0] == "FAILED"
    assert ended[requeued][0] == "COMPLETED"
    assert re.search(r"Restarts=1\b", told(environment, "scontrol", "show", "job", str(requeued)))
    whole = [what for state, what in ended.values() if state == "COMPLETED"]
    shared = [what for what in whole if re.match(r"rule_(data|fp32)_", what)]
    runs = [re.match(r"rule_(run\d+)_qat_run_ternary-ptq-bn$", what)[1] for what in whole if what not in shared]
    assert len(shared) == 3
    assert sorted(runs) == ["run0", "run1", "run2", "run3"]  # one job a run
