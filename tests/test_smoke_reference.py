"""How far two smoke studies may differ, and that a change is seen; test_smoke.py compares the run itself."""

import pandas as pd
import pytest
from helpers import load_script

from harlib.project import project_root


@pytest.fixture
def tool():
    return load_script(project_root() / "tools" / "smoke_reference.py")


@pytest.fixture
def committed(tool):
    return pd.read_csv(tool.FOLDER / "metrics.csv")


@pytest.fixture
def spread(tool):
    table = pd.read_csv(tool.FOLDER / "spread.csv").set_index(tool.KIND)
    return table.drop("pixels that differ", level="metric")


def test_the_tolerance_covers_every_processor_tried_with_room_and_no_more(tool, spread):
    assert spread.allowed.to_dict() == tool.TOLERANCE
    assert (spread["none"] == 0).all(), "notebooks add nothing, and twice the same gives the same"
    largest = spread[[name for name in tool.VARIANTS if name != "none"]].max(axis=1)
    assert (2 * largest <= spread.allowed).all()
    assert (spread.allowed <= 8 * largest).all()


def test_a_changed_parameter_is_beyond_the_tolerance_from_the_stage_on_that_it_changes(spread):
    changed = spread["threshold 0.75"]
    seen = set(spread.index[changed > spread.allowed])
    assert {("qat", "loss"), ("qat", "zeros"), ("pruned", "loss")} <= seen
    assert (changed[["data", "fresh", "fp32"]] == 0).all()


def test_every_metric_beyond_its_tolerance_is_seen(tool, committed):
    assert (tool.differences(committed, committed) == 0).all()
    for row, (stage, metric) in enumerate(zip(committed.stage, committed.metric, strict=True)):
        kind = (stage, "loss" if metric.startswith("loss") else metric)
        moved = committed.copy()
        moved.loc[row, "value"] += 1.01 * tool.TOLERANCE[kind] * (1 if metric == "zeros" else moved.value[row]) + 1e-12
        found = tool.differences(moved, committed)
        assert found[kind] > tool.TOLERANCE[kind]
        assert (found.drop(kind) == 0).all()


def test_tables_with_other_rows_are_refused(tool, committed):
    with pytest.raises(ValueError, match="in one table only"):
        tool.differences(committed.iloc[1:], committed)
