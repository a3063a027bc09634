"""A run compared with another: the same samples in pairs, others apart, and every change is named."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from harlib import compare, evaluate, files, manifest, side_by_side
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run

REFERENCE = project_root() / "reference" / "published"
STAGES = ("fp32", "integer")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project whose run `mine` starts as a copy of the published one, of which two stages and few people are kept."""
    for place in ("reference/published", "runs/mine"):
        (tmp_path / place / "models").mkdir(parents=True)
        for name in ("metrics.csv", "manifest.json", "params.yml", "models/fold0.json"):
            shutil.copy(REFERENCE / name, tmp_path / place / name)
        for name in ("predictions.csv", "fresh_predictions.csv"):
            table = pd.read_csv(REFERENCE / name)
            kept = table["stage"].isin(STAGES) & (table["group"] < 60)
            table[kept].to_csv(tmp_path / place / name, index=False)
        finish(tmp_path / place)
    monkeypatch.setattr(compare, "project_root", lambda: tmp_path)
    return tmp_path


def edit(path, **changes):
    made = json.loads(path.read_text())
    for name, value in changes.items():
        made[name] = {**made[name], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(made))


def finish(run):
    """Let the manifest name the files that the run has."""
    made = json.loads((run / "manifest.json").read_text())
    made["files"] = {name: files.sha256(run / name) for name in made["files"] if (run / name).is_file()}
    (run / "manifest.json").write_text(json.dumps(made))


def test_a_run_equal_to_the_published_one_differs_in_nothing(root, capsys):
    compare.compare("mine")
    text = capsys.readouterr().out
    assert "Parameters changed: none\nOther changes: none\n" in text
    assert "Result files equal bit for bit: 5 of 5" in text
    assert text.count("+0.00 (no interval)") == text.count("  yes\n") == 4
    page = (root / "runs/mine/comparison.html").read_text()
    assert "<p>Nothing.</p>" in page
    assert page.count("<svg") == 1
    assert 'scope="col"' in page


def test_a_changed_answer_is_found_in_pairs(root):
    path = root / "runs/mine/predictions.csv"
    table = pd.read_csv(path)
    wrong = (table["stage"] == "integer") & (table["group"] < 5)
    table.loc[wrong, "predicted"] = (table.loc[wrong, "label"] + 1) % 5
    table.to_csv(path, index=False)
    runs = Run(root / "reference/published"), Run(root / "runs/mine")
    found = {d.stage: d for d in side_by_side.differences(*runs, {"data": True}) if d.samples == "test"}
    held = pd.read_csv(REFERENCE / "predictions.csv").query("stage == 'integer'")
    right = held["predicted"] == held["label"]
    assert found["integer"].gain.estimate == pytest.approx(-(right & (held["group"] < 5)).mean())
    assert found["integer"].gain.high < 0
    assert found["integer"].paired
    assert found["fp32"].gain.estimate == 0


def test_other_samples_are_not_paired(root, capsys):
    edit(root / "runs/mine/manifest.json", data={"data": "0" * 64}, parameters={"threshold": 0.5})
    compare.compare("mine")
    text = capsys.readouterr().out
    assert text.count("  no\n") == text.count("  yes\n") == 2
    assert "Parameters changed: 1\n  threshold: 0.5 instead of 0.7\nOther changes: data: data.npz\n" in text
    page = (root / "runs/mine/comparison.html").read_text()
    assert "<td>parameter threshold</td><td>0.7</td><td>0.5</td>" in page


def test_the_printed_table_says_what_stands_under_each_heading(root, capsys):
    compare.compare("runs/mine/")
    title, _, heads, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith("mine beside reference/published")
    assert heads.split() == ["samples", "stage", "published", "mine", "difference", "paired"]
    for row in rows[:4]:
        samples, stage, other, own, *_ = row.split()
        assert samples in ("test", "fresh")
        assert stage in STAGES
        assert other == own
        assert row.index(other) + len(other) == heads.index("published") + len("published")


def test_a_run_of_the_reference_s_name_is_told_from_it(root, capsys):
    (root / "runs" / "mine").rename(root / "runs" / "published")
    compare.compare("published")
    heads = capsys.readouterr().out.splitlines()[2]
    assert heads.split() == ["samples", "stage", "reference/published", "published", "difference", "paired"]


def test_other_classes_are_told(root, capsys):
    path = root / "runs" / "mine" / "models" / "fold0.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | {"classes": [*held["classes"][:4], "falling"]}))
    finish(root / "runs" / "mine")
    compare.compare("mine")
    text = capsys.readouterr().out
    assert "The runs tell other classes apart" in text
    assert "Other changes: classes\n" in text
    assert "<td>classes</td>" in (root / "runs" / "mine" / "comparison.html").read_text()


def test_changed_code_and_versions_are_named():
    before = manifest.load(REFERENCE)
    after = before.model_copy(
        update={"python": "3.11.99", "packages": {**before.packages, "numpy": "0"}, "commit": None}
    )
    assert {row[0] for row in side_by_side.changes(before, after)} == {"Python", "package numpy", "commit"}


def test_what_cannot_be_compared_is_said(root):
    for name in ("none", "", "..", "../reference", "."):
        with pytest.raises(HarlibError, match=rf"runs/{re.escape(name)} is no run; finished are mine$"):
            compare.compare(name)
    with pytest.raises(HarlibError, match=r"nowhere/manifest\.json cannot be read"):
        compare.compare("mine", "nowhere")
    with pytest.raises(HarlibError, match="differs in nothing from itself"):
        compare.compare("mine", "runs/mine")


def test_a_run_that_was_stopped_is_not_compared(root):
    begun = root / "runs" / "begun"
    begun.mkdir()
    shutil.copy(REFERENCE / "params.yml", begun)
    with pytest.raises(HarlibError, match=r"runs/begun is not finished: `harlib run` goes on .*; finished are mine"):
        compare.compare("begun")
    with (root / "runs" / "mine" / "params.yml").open("a") as held:  # what a later call writes first
        held.write("threshold: 0.5\n")
    with pytest.raises(HarlibError, match=r"runs/mine is not as its manifest.json says \(params.yml has other content"):
        compare.compare("mine")


def test_unpaired_interval_is_that_of_two_independent_means():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(400), 5)
    before, after = rng.random((2, 2000)) < np.array([[0.9], [0.8]])
    found = evaluate.unpaired_drop(before, group, after, group)
    assert found.estimate == pytest.approx(before.mean() - after.mean())
    half = 1.96 * np.sqrt(before.var() / 2000 + after.var() / 2000)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)
    assert np.isnan(evaluate.unpaired_drop(np.ones(4), np.arange(4), after, group).low)
