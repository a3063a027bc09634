"""Sweeps: mistakes are named before any work, equal beginnings are shared, what is finished is found again."""

import itertools
import json
import re
import subprocess

import pandas as pd
import pytest
import yaml
from helpers import toy_dataset

from harlib import driver, simulation
from harlib.cli import main
from harlib.errors import HarlibError
from harlib.evaluate import Interval
from harlib.plots import sweeps as drawing
from harlib.project import project_root
from harlib.sweeps import driver as sweeps
from harlib.sweeps import graph, job, page, plan, tables

ROOT = project_root()
SHORT = {"subjects": 4, "folds": 2, "fp32_epochs": 1, "qat_epochs": 1}
TWO = {"parameters": SHORT, "grid": {"threshold": [0.5, 0.9]}, "seeds": [0, 1], "stages": ["ternary-ptq-bn", "qat"]}


def write(folder, content):
    path = folder / "a-sweep.yml"
    path.write_text(yaml.safe_dump(content))
    return path


def graph_of(path):
    content = plan.load(path)
    runs = plan.expand(content, path)
    return content, runs, graph.build(content, runs, ROOT)


def kinds(jobs):
    return {kind: len(list(held)) for kind, held in itertools.groupby(sorted(name.split("/")[0] for name in jobs))}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A sweep with toy data, its jobs done one after the other, without Snakemake."""
    folder = tmp_path_factory.mktemp("sweep")
    content, runs, jobs = graph_of(write(folder, TWO))
    (folder / graph.PLAN).write_text(graph.text(content, runs, jobs))

    def simulate(p, name):
        return toy_dataset(p.subjects, 10) if name == "data" else toy_dataset(3, 5, first=p.subjects, seed=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "simulate", simulate)
        for name in jobs.jobs:  # in an order in which each comes after those that it needs
            job.do(folder, name)
    return folder, json.loads((folder / graph.PLAN).read_text())


def planned(folder):
    """Rules that Snakemake would run for what a folder's plan says."""
    command = driver.command(folder, [*sweeps._arguments(ROOT), "--cores", "2"], workers=1)
    ended = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
    return re.findall(r"^ *(?:local)?rule ([\w-]+):", ended.stdout, re.MULTILINE)


def test_data_and_float_networks_are_shared(tmp_path):
    _, _, jobs = graph_of(write(tmp_path, TWO))
    assert kinds(jobs.jobs) == {"data": 1, "fp32": 2, "qat": 4, "run": 4, "ternary-ptq-bn": 4}
    alone = {name.split("/")[0] for name, held in jobs.jobs.items() if held["group"] is None}
    assert alone == {"data", "fp32"}
    assert len({held["group"] for held in jobs.jobs.values()} - {None}) == 4


def test_jobs_of_one_run_follow_each_other(tmp_path):
    _, _, jobs = graph_of(write(tmp_path, TWO))
    for name, held in jobs.jobs.items():
        inside = [other for other in jobs.jobs if held["group"] and jobs.jobs[other]["group"] == held["group"]]
        place = inside.index(name) if inside else 0
        assert not inside or not place or graph.marker(inside[place - 1]) in held["needs"] + held["after"]


def test_what_is_varied_late_shares_more(tmp_path):
    grid = {"threshold": [0.5, 0.9], "sparsity": [0.5, 0.6, 0.7]}
    _, _, jobs = graph_of(write(tmp_path, TWO | {"grid": grid, "stages": ["sparse"], "seeds": [0]}))
    assert kinds(jobs.jobs) == {"data": 1, "fp32": 1, "qat": 2, "run": 6, "sparse": 6}


def test_another_physics_is_another_data_set_and_another_seed_is_not(tmp_path):
    grid = {"adc_bits": [8, 12]}
    _, _, jobs = graph_of(write(tmp_path, TWO | {"grid": grid}))
    assert kinds(jobs.jobs) == {"data": 2, "fp32": 4, "qat": 4, "run": 4, "ternary-ptq-bn": 4}


def test_more_points_leave_the_names_of_the_others(tmp_path):
    _, _, before = graph_of(write(tmp_path, TWO))
    _, _, after = graph_of(write(tmp_path, TWO | {"grid": {"threshold": [0.1, 0.5, 0.9]}}))
    assert set(before.jobs) < set(after.jobs)
    assert kinds(set(after.jobs) - set(before.jobs)) == {"qat": 2, "run": 2, "ternary-ptq-bn": 2}


def test_code_of_a_stage_is_part_of_its_name_and_of_those_after_it(tmp_path, monkeypatch):
    _, _, before = graph_of(write(tmp_path, TWO))
    code = graph._code
    monkeypatch.setattr(graph, "_code", lambda kind: "changed" if kind == "ternary-ptq-bn" else code(kind))
    _, _, after = graph_of(write(tmp_path, TWO))
    assert kinds(set(after.jobs) - set(before.jobs)) == {"run": 4, "ternary-ptq-bn": 4}


def test_the_table_has_a_row_a_network_and_metric(finished):
    folder, held = finished
    tables.write(folder, held)
    table = pd.read_csv(folder / tables.TABLE)
    assert list(table.columns) == ["threshold", "seed", "stage", "fold", "metric", "value"]
    accuracies = table[table.metric == "accuracy"].groupby(["threshold", "seed", "stage"])["fold"].apply(list)
    assert len(accuracies) == 2 * 2 * 3
    assert all(folds == [0, 1] for folds in accuracies)


def test_a_point_s_accuracy_is_the_mean_of_its_networks(finished):
    folder, held = finished
    tables.write(folder, held)
    table = pd.read_csv(folder / tables.TABLE)
    places = tables.places(folder, held)
    assert [(place.point["threshold"], place.stage) for place in places] == list(
        itertools.product([0.5, 0.9], ["ternary-ptq-bn", "qat"])
    )
    for place in places:
        rows = table[(table.threshold == place.point["threshold"]) & (table.stage == place.stage)]
        means = rows.groupby("metric")["value"].mean()
        assert place.networks == 4
        assert place.zeros == pytest.approx(means["zeros"])
        assert place.accuracy.estimate == pytest.approx(means["accuracy"])  # folds of one size
        assert place.fresh.estimate == pytest.approx(means["fresh_accuracy"])
        before = table[(table.threshold == place.point["threshold"]) & (table.stage == "fp32")]
        lost = before.groupby("metric")["value"].mean() - means
        assert place.fresh_drop.estimate == pytest.approx(lost["fresh_accuracy"])
        assert place.drop.estimate == pytest.approx(lost["accuracy"])


def test_the_page_shows_every_point_with_its_interval(finished):
    folder, held = finished
    places = tables.places(folder, held)
    text = page.html("a-sweep", held, places, 4)
    assert "4 of 4 runs are finished" in text
    assert text.count("<svg") == 2  # test subjects, and the fresh set
    for place in places:
        percent = [100 * value for value in place.accuracy]
        assert f"{percent[0]:.2f} ({percent[1]:.2f} to {percent[2]:.2f})" in text


def test_a_sweep_on_validation_subjects_does_not_look_at_the_fresh_set(finished):
    folder, held = finished
    places = tables.places(folder, held | {"validation": True})
    assert all(place.fresh is None for place in places)
    text = page.html("a-sweep", held | {"validation": True}, places, 4)
    assert "validation subjects" in text
    assert text.count("<svg") == 1


def test_what_is_missing_is_left_out(finished, tmp_path):
    folder, held = finished
    lost = folder / graph.marker(held["results"][0])
    content = lost.read_text()
    lost.unlink()
    places = tables.places(folder, held)
    tables.write(folder, held)
    lost.write_text(content)
    assert [place.networks for place in places] == [2, 2, 4, 4]
    assert len(pd.read_csv(folder / tables.TABLE).groupby(["threshold", "seed"])) == 3


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
    sweeps._drop_damaged(folder, jobs, runs)
    assert sweeps._open(folder, jobs.jobs) == 0
    checkpoint = folder / name / "checkpoints" / "qat" / "fold1.safetensors"
    whole = checkpoint.read_bytes()
    damage(folder / name / file)
    sweeps._drop_damaged(folder, jobs, runs)
    assert not (folder / graph.marker(name)).exists()
    assert sweeps._open(folder, jobs.jobs) == 1
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grid": {"treshold": [0.5]}}, r"treshold = 0.5: unknown parameter 'treshold' \(did you mean 'threshold'\?\)"),
        ({"grid": {"threshold": [0.5, 9]}}, "threshold = 9: threshold = 9: input should be less than or equal to 3"),
        ({"grid": {"evaluate_on": ["test", "validation"]}}, "evaluate_on cannot vary within a sweep"),
        ({"grid": {}}, "grid is empty"),
        ({"grid": {"threshold": []}}, "grid: threshold is empty"),
        ({"grid": None, "points": []}, "0 runs; 1 to 100,000 are allowed"),
        ({"grid": None}, "either a grid or a list of points"),
        ({"points": [{"threshold": 0.5}]}, "either a grid or a list of points"),
        ({"grid": {"threshold": [0.5, 0.5]}}, "stands there twice"),
        ({"seeds": [0, 0]}, "stands there twice"),
        ({"seeds": []}, "seeds: "),
        ({"seeds": [-1]}, "seed = -1"),
        ({"stages": ["quat"]}, "stage 'quat' is unknown"),
        ({"stages": ["../qat"]}, "stage '../qat' is unknown"),
        ({"grid": {"seed": [0, 1]}}, "seed is no parameter of a sweep: `seeds` lists them"),
        ({"parameters": {"workers": 2}}, "workers is no parameter of a sweep"),
        ({"parameters": {"threshold": 0.5}}, "threshold stands in `parameters` and is varied"),
        ({"grid": {"sparsity": [0.5, 0.6]}}, "sparsity changes nothing in ternary-ptq-bn, qat"),
        ({"grid": {"threshold": [0.1] * 400, "qat_epochs": [1] * 400}}, "320,000 runs; 1 to 100,000 are allowed"),
        ({"girds": {}}, "girds: extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_named_before_any_work(tmp_path, changes, message):
    path = write(tmp_path, {name: value for name, value in (TWO | changes).items() if value is not None})
    with pytest.raises(HarlibError, match=message) as caught:
        graph_of(path)
    assert "\n" not in str(caught.value)


def test_the_command_names_a_mistake_in_one_line(capsys):
    for arguments, message in (
        (["nothing"], "sweep 'nothing': config/sweeps/ holds smoke, threshold, threshold-sparsity"),
        (["smoke", "--cores", "0"], "cores = 0"),
        (["smoke", "--profile", "nowhere"], "nowhere/config.yaml is missing"),
    ):
        assert main(["sweep", *arguments]) == 1
        captured = capsys.readouterr().err
        assert message in captured
        assert captured.count("\n") == 1


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "sweeps").glob("*.yml")), ids=lambda path: path.stem)
def test_the_sweeps_of_the_project_are_valid(path):
    content, runs, jobs = graph_of(path)
    assert plan.count(content) == len(runs) == len(jobs.runs)
    assert kinds(jobs.jobs)["data"] == 1
    assert "\n" not in graph.text(content, runs, jobs)


def test_a_list_of_points_may_vary_words():
    interval = Interval(0.9, 0.8, 1.0)
    held = {"varied": ["prune_rule", "sparsity"], "parameters": {}, "validation": False}
    places = [
        tables.Place({"prune_rule": rule, "sparsity": share}, "sparse", 2, share, interval, interval, None, None)
        for rule, share in (("layer", 0.5), ("magnitude", 0.5), ("layer", 0.7))
    ]
    (rule, share) = page._curves(held, places, lambda place: place.accuracy)
    assert rule[0] == "prune_rule"
    assert list(rule[1]["sparse"]) == ["sparsity = 0.5", "sparsity = 0.7"]
    assert [value for value, _ in share[1]["sparse"]["prune_rule = layer"]] == [0.5, 0.7]
    axes = drawing.against(rule[1], "prune_rule", "title").axes
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["layer", "magnitude"]
