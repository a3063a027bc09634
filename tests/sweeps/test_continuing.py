"""What is finished of a sweep is found again, what is damaged or missing is made, and nothing else."""

import base64
import json
import re
import subprocess

import pytest

from harlib import driver
from harlib.sweeps import driver as sweeps
from harlib.sweeps import graph, job
from sweeps.examples import ROOT, TWO, graph_of, write


def planned(folder):
    """Rules that Snakemake would run for what a folder's plan says."""
    command = driver.command(folder, [*sweeps.arguments(ROOT), "--cores", "2"], workers=1)
    ended = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
    return re.findall(r"^ *(?:local)?rule ([\w-]+):", ended.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("checkpoints/qat/fold1.safetensors", lambda path: path.write_bytes(path.read_bytes()[:100])),
        ("results/qat/fold1.json", lambda path: path.unlink()),  # the last fold's: no other shows that it is lost
    ],
)
def test_a_damaged_network_is_made_again(finished, file, damage):
    folder, _ = finished
    _, runs, jobs = graph_of(folder / "a-sweep.yml")
    name = next(name for name in jobs.jobs if name.startswith("qat/"))
    sweeps.drop_damaged(folder, jobs, runs)
    assert sweeps.still_open(folder, jobs.jobs) == 0
    checkpoint = folder / name / "checkpoints" / "qat" / "fold1.safetensors"
    whole = checkpoint.read_bytes()
    damage(folder / name / file)
    sweeps.drop_damaged(folder, jobs, runs)
    assert not (folder / graph.marker(name)).exists()
    assert sweeps.still_open(folder, jobs.jobs) == 1
    job.do(folder, name)  # trains this fold only, and gets what it was
    assert checkpoint.read_bytes() == whole
    assert planned(folder) == ["run", "all"]
    job.do(folder, next(run for run in jobs.runs if graph.marker(name) in jobs.jobs[run]["needs"]))


def test_snakemake_runs_what_is_missing_and_nothing_else(finished):
    folder, held = finished
    assert planned(folder) == []
    content, runs, jobs = graph_of(write(folder, TWO | {"grid": {"threshold": [0.1, 0.5, 0.9]}, "seeds": [0]}))
    (folder / graph.PLAN).write_text(graph.text(content, runs, jobs))
    rules = planned(folder)
    (folder / graph.PLAN).write_text(json.dumps(held))
    write(folder, TWO)
    assert sorted(rules) == ["all", "qat", "run", "ternary-ptq-bn"]


def test_what_snakemake_did_not_see_end_is_not_done_again(finished):
    folder, held = finished
    marker = graph.marker(held["results"][0])
    unseen = folder / ".snakemake" / "incomplete" / base64.urlsafe_b64encode(marker.encode()).decode()
    unseen.parent.mkdir(parents=True, exist_ok=True)
    unseen.write_text('{"external_jobid": null}')  # as Snakemake leaves it when it is killed
    rules = planned(folder)
    unseen.unlink()
    assert rules == []
