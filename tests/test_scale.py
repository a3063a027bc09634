"""The tools behind the page on scale: what they measure, and the laws and tables that are computed from it."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pretended_slurm
import pytest
import scale
import scale_laws
import scale_snakemake
import scale_tables

from harlib import stages
from harlib.sweeps import graph

KINDS = ("data", *stages.ORDER, "run")


TRAINED = ("fp32", "qat", "pruned")


def seconds(stage, samples, folds):
    place = KINDS.index(stage) + 1
    return 2.0 + 0.1 * place * folds + 0.001 * place * samples * (folds - 1 if stage in TRAINED else folds)


@pytest.fixture
def made_up():
    """Costs that follow the laws exactly; seeds share the data, points the fp32 network as well."""
    rows = []
    for size in ({}, *scale.SIZES):
        full = scale.BASE | size
        for stage in KINDS:
            jobs = {"data": 1, "fp32": full["seeds"]}.get(stage, full["seeds"] * full["points"])
            kept = {"files": 8 * jobs, "bytes": 10_000 * jobs, "rows": 42 * jobs if stage == "run" else 0}
            took = jobs * seconds(stage, full["samples"], full["folds"])
            rows.append({**full, "stage": stage, "jobs": jobs, "cpu_s": took, "peak_mb": 500.0, **kept})
        own = {"files": 0, "bytes": 0, "rows": 0, "jobs": 0, "peak_mb": np.nan}
        rows += [
            {**full, "stage": stage, "cpu_s": 0.1 * full["points"] * full["folds"], **own}
            for stage in ("check", "page")
        ]
    return pd.DataFrame(rows)


def test_the_line_and_its_largest_residual_are_found():
    law = scale_laws.line(np.array([1.0, 2.0, 3.0]), np.array([10.0, 11.0, 15.0]))
    assert law.slope == pytest.approx(2.5)
    assert law.start == pytest.approx(7.0)
    assert law.off == pytest.approx(1 / 11)


def test_laws_of_made_up_costs_are_found_again(made_up):
    slopes = {}
    for factor in scale_laws.FACTORS:
        held = scale_laws.varied(made_up, factor)
        alone = [size for size in scale.SIZES if set(size) <= {factor}]
        assert list(held[factor]) == sorted({scale.BASE[factor], *(size[factor] for size in alone)})
        law = scale_laws.line(held[factor].to_numpy(float), held["cpu_s"].to_numpy(float))
        assert law.off < 1e-9
        slopes[factor] = law.slope
    once = {stage: seconds(stage, scale.BASE["samples"], scale.BASE["folds"]) for stage in KINDS}
    assert slopes["seeds"] == pytest.approx(sum(once.values()) - once["data"])
    assert slopes["points"] == pytest.approx(sum(once.values()) - once["data"] - once["fp32"])


def test_what_a_run_of_the_published_size_takes_is_extrapolated(made_up):
    samples, folds = scale_laws.published_size()
    assert (samples, folds) == (1380, 5)
    found = scale_laws.at(made_up, "cpu_s", samples, folds)
    assert list(found) == list(KINDS[1:])
    for stage, (start, rest) in found.items():
        assert start == pytest.approx(2.0, rel=1e-6)
        assert start + rest == pytest.approx(seconds(stage, samples, folds), rel=1e-6)
    one = scale_laws.a_run(made_up)
    assert one.cpu_s == pytest.approx(sum(seconds(stage, samples, folds) for stage in KINDS[1:]))
    assert one.start_s == pytest.approx(2 * len(KINDS[1:]))
    assert (one.jobs, one.files, one.rows) == (8, pytest.approx(64), pytest.approx(42))
    assert one.peak_mb == pytest.approx(500)


def test_a_job_is_measured_once(tmp_path, monkeypatch):
    _, jobs = scale_snakemake.prepare(scale.small(samples=20, folds=2, seeds=1, points=1), tmp_path)
    name = next(iter(jobs.jobs))
    found = scale.measured(name, tmp_path)
    left = [path for path in (tmp_path / name).iterdir()]
    assert sorted(path.name for path in left) == ["data.npz", "fresh.npz"]
    assert found["files"] == 2
    assert found["bytes"] == sum(path.stat().st_size for path in left)
    assert 0.1 < found["cpu_s"] < 100
    assert 50 < found["peak_mb"] < 2000
    monkeypatch.setattr(scale, "used", lambda *_: pytest.fail("measured twice"))
    assert scale.measured(name, tmp_path) == found


def test_a_command_that_fails_is_an_error_with_what_it_said(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.exit('nothing works')"]
    with pytest.raises(subprocess.CalledProcessError) as failed:
        scale_snakemake.used(command, tmp_path, tmp_path / "log.txt")
    assert failed.value.returncode == 1
    assert failed.value.output == "nothing works\n"


def test_memory_is_that_of_the_command_and_not_of_the_tool(tmp_path):
    held = bytearray(300 * 2**20)
    small = scale_snakemake.used([sys.executable, "-S", "-c", ""], tmp_path, tmp_path / "log.txt")
    large = scale_snakemake.used([sys.executable, "-S", "-c", "x = b'x' * 10**8"], tmp_path, tmp_path / "log.txt")
    assert len(held) / 2**20 > 4 * small.peak_mb
    assert large.peak_mb - small.peak_mb == pytest.approx(1e8 / 2**20, rel=0.1)


def test_a_small_dry_run_plans_every_job(tmp_path):
    row = scale_snakemake.planning(20, tmp_path)
    assert row["jobs"] == 20 * 8 + 1
    log = (tmp_path / "dry-run.txt").read_text()
    assert log.count("\nrule ") + log.count("\n    rule ") >= 20
    assert row["log_bytes"] == len(log.encode())
    assert float(row["cpu_s"]) > 0.5


def test_the_pretended_cluster_leaves_what_jobs_leave(tmp_path, monkeypatch):
    _, jobs = scale_snakemake.prepare(scale_snakemake.wide(10), tmp_path)
    monkeypatch.setenv("PRETENDED_JOBS", str(tmp_path / "jobs.txt"))
    for number, run in enumerate(("run0", "run1"), 1):
        own = [name for name, job in jobs.jobs.items() if job["group"] == run]
        targets = " ".join(f"'{name.replace('/', ':key=')}'" for name in own)
        wrapped = f"--wrap=python -m snakemake --target-jobs {targets} --allowed-rules qat"
        assert pretended_slurm.submit(["-D", str(tmp_path), wrapped]) == str(number)
        assert len(own) == 8
        assert all((tmp_path / graph.marker(name)).is_file() for name in own)
    assert (tmp_path / "jobs.txt").read_text() == "1|COMPLETED\n2|COMPLETED\n"


def test_the_committed_tables_are_those_that_the_page_shows():
    found = scale_tables.shown(scale_tables.read())
    committed = {path.name: path for path in (scale_tables.TABLES / "shown").iterdir()}
    assert set(found) == set(committed)
    for name, content in found.items():
        if name.endswith(".csv"):
            assert content == committed[name].read_text(), name


def test_ten_thousand_runs_are_planned_in_five_minutes():
    planned = scale_tables.read()["planning"].set_index("runs")
    assert tuple(planned.index) == scale.PLANNED
    assert list(planned["jobs"]) == [8 * runs + 1 for runs in scale.PLANNED]
    assert planned.loc[10_000, "cpu_s"] < scale_tables.AIM_S
    law = scale_laws.line(planned.index.to_numpy(float), planned["cpu_s"].to_numpy(float))
    assert law.slope * 10_000 < scale_tables.AIM_S


def test_the_profile_makes_the_first_choice_among_thousands_of_runs_fast():
    found = scale_tables.read()["submitting"].set_index(["runs", "scheduler"])
    ways = [found.loc[(10_000, way)] for way in scale_snakemake.WAYS]
    assert 10 * ways[0]["first_s"] < ways[1]["first_s"]
    paces = found["in_s"] / found["finished"]
    assert paces.max() / paces.min() < 1.5  # whatever the number of runs


@pytest.mark.slow
def test_snakemake_hands_runs_to_the_pretended_cluster(tmp_path):
    row = scale_snakemake.submitting(10, "as in the profile", tmp_path, patience=25)
    assert row["finished"] == 10
    assert len((tmp_path / "jobs.txt").read_text().splitlines()) == 11
