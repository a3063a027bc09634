"""A plan of points: what is shared, what is found again, what is said to be missing."""

import json
import re

import pandas as pd
import pytest
from helpers import toy_dataset

from harlib import data, execution
from harlib.cli import main
from harlib.errors import HarlibError
from harlib.evaluate import Interval
from harlib.extended import plan as plans
from harlib.extended import run, shown, tables
from harlib.project import project_root

SHORT = "fp32_epochs: 1, qat_epochs: 1, prune_epochs: 1, prune_ramp_epochs: 0, folds: 2, subjects: 4, batch_size: 16"
PLAN = f"""
headline: {{seeds: [0, 1], folds: [1], stages: [qat, pruned, integer], points: {{published: {{{SHORT}}}}}}}
weights: {{seeds: [0], folds: [1], stages: [qat], points: {{again: {{{SHORT}}}, binary: {{{SHORT}, weights: binary}}}}}}
sparsity: {{seeds: [0], folds: [1], stages: [qat, sparse], points: {{most: {{{SHORT}, sparsity: 0.9}}}}}}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extended")
    data.save(folder / "data.npz", toy_dataset(4, 10))
    data.save(folder / "fresh.npz", toy_dataset(3, 5, first=4, seed=1))
    plan = folder / "a-plan.yml"
    plan.write_text(PLAN)
    run.run(plan, folder, workers=1)
    tables.write(plan, folder)
    return plan, folder


def test_the_summary_has_a_row_a_point_and_stage(finished):
    _, folder = finished
    table = pd.read_csv(folder / "summary.csv")
    assert list(table.columns) == shown.SUMMARY
    keys = list(zip(table.table, table.point, table.stage, table.networks, strict=True))
    assert keys == [
        *(("headline", "published", stage, 2) for stage in ("qat", "pruned", "integer")),
        ("weights", "again", "qat", 1),
        ("weights", "binary", "qat", 1),
        ("sparsity", "most", "qat", 1),
        ("sparsity", "most", "sparse", 1),
    ]
    assert table.set_index("point").loc["binary", "zeros"] == 0
    assert table[table.stage == "sparse"].zeros.item() >= 0.9
    assert (table[table.stage != "integer"].time_ratio > 0).all()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["missing"] == []


def test_the_book_s_tables_show_the_last_stage_in_percent(finished):
    _, folder = finished
    table = pd.read_csv(folder / "tables" / "sparsity.csv", converters={"fresh drop (points)": str})
    row = pd.read_csv(folder / "summary.csv").query("stage == 'sparse'")
    assert "stage" not in table
    assert table["fresh accuracy (%)"].item() == pytest.approx(100 * row.accuracy.item(), abs=0.01)
    drop = Interval(*(row[f"drop{end}"].item() for end in ("", "_low", "_high")))
    assert table["fresh drop (points)"].item() == drop.in_percent()
    assert pd.read_csv(folder / "tables" / "headline.csv").stage.tolist() == ["qat", "pruned", "integer"]


def test_the_command_writes_and_publishes(finished, monkeypatch, tmp_path):
    plan, folder = finished
    monkeypatch.setattr("harlib.project.project_root", lambda: tmp_path)
    monkeypatch.setattr(tables, "project_root", lambda: tmp_path)
    (tmp_path / "requirements.lock").write_text((project_root() / "requirements.lock").read_text())
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(folder)
    assert main(["extended", str(plan), "--run", "mine", "--tables", "--publish"]) == 0
    for name in (*tables.FILES, "tables/headline.csv", "figures/weights.svg"):
        assert (tmp_path / "reference" / "mine" / name).read_text() == (folder / name).read_text()


def test_the_figure_has_every_finished_point(finished):
    _, folder = finished
    drawn = (folder / "figures" / "weights.svg").read_text()
    assert all(f">{word}<" in drawn for word in ("again", "binary", "fresh people"))
    assert ">published, integer<" in (folder / "figures" / "headline.svg").read_text()


@pytest.mark.parametrize("study", ["extended", "power-of-two"])
def test_committed_tables_are_those_of_the_committed_summary(tmp_path, study):
    kept = project_root() / "reference" / study
    for name in ("plan.yml", "summary.csv"):
        (tmp_path / name).write_bytes((kept / name).read_bytes())
    shown.write(tmp_path)
    for path in (tmp_path / "tables").iterdir():
        assert path.read_bytes() == (kept / "tables" / path.name).read_bytes()
    for part in ("tables", "figures"):
        assert {path.name for path in (tmp_path / part).iterdir()} == {path.name for path in (kept / part).iterdir()}
    for path in (tmp_path / "figures").iterdir():
        assert drawn(path) == drawn(kept / "figures" / path.name)


def drawn(path):
    """What a figure of points and intervals says, whatever fonts its machine has: its words and its marks' heights."""
    svg = path.read_text()
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg), len(re.findall("<use ", svg))


def test_a_point_s_mean_is_that_of_its_networks(finished):
    _, folder = finished
    results, summary = (pd.read_csv(folder / f"{name}.csv") for name in ("results", "summary"))
    rows = results.query("table == 'headline' and stage == 'pruned' and metric == 'fresh_accuracy'")
    assert len(rows) == 2
    row = summary.query("table == 'headline' and stage == 'pruned'")
    assert rows.value.mean() == pytest.approx(row.accuracy.item())


def test_equal_parameters_share_a_network_and_nothing_runs_twice(finished, monkeypatch):
    plan, folder = finished
    made = list((folder / "networks").glob("qat-*/results/qat/*.json"))
    assert len(made) == 3  # two seeds, and binary
    monkeypatch.setattr(execution, "fit_fold", lambda job: pytest.fail(f"{job.module} runs again"))
    run.run(plan, folder, workers=1)


def test_what_is_not_finished_is_named(finished):
    plan, folder = finished
    (lost,) = (folder / "networks").glob("sparse-*/results/sparse/fold1.json")
    content = lost.read_text()
    lost.unlink()
    tables.write(plan, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    table = pd.read_csv(folder / "tables" / "sparsity.csv")
    lost.write_text(content)
    assert table[["point", "stage", "networks"]].values.tolist() == [["most", "not finished", 0]]
    assert not manifest["complete"]
    assert manifest["missing"] == ["sparsity: most: seed 0, fold 1: sparse"]


def test_the_plan_of_the_powers_of_two_is_valid():
    plan = plans.load(project_root() / "config" / "power-of-two.yml")["multipliers"]
    ours = {name: plan.points[name] for name in ("dyadic", "powers of two")}
    assert ours == {"dyadic": {}, "powers of two": {"fp32_gains": "power-of-two", "multipliers": "power-of-two"}}


def test_the_study_s_own_plan_is_valid():
    plan = plans.load(project_root() / "config" / "extended.yml")
    assert plan["headline"].points == {"published": {}}
    assert len(plans.chains({"headline": plan["headline"]})) == 15


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: {seeds: [0], folds: [0], stages: [qat], points: {b: {treshold: 1}}}",
            "a: b: unknown parameter 'treshold'",
        ),
        ("a: {seeds: [0], folds: [5], stages: [qat], points: {b: {}}}", r"folds \(5,\) must lie in 0..4"),
        ("a: {seeds: [0], folds: [0], stages: [quat], points: {b: {}}}", "stage 'quat' is unknown"),
        ("a: {seeds: [], folds: [0], stages: [qat], points: {b: {}}}", "a.seeds"),
    ],
)
def test_a_mistake_in_a_plan_is_named(tmp_path, text, message):
    (tmp_path / "plan.yml").write_text(text)
    with pytest.raises(HarlibError, match=message):
        plans.load(tmp_path / "plan.yml")
