"""The page on real recordings says what reference/radhar holds; the tool that made its data does what it says."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import load_script

from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.stages import ORDER

ROOT = project_root()
SHARED = ROOT.parent / "shared" / "data" / "radhar"
COLUMNS = ["t_s", "point_id", "x", "y", "z", "range", "velocity", "doppler_bin", "bearing", "intensity"]


@pytest.fixture(scope="module")
def tool():
    return load_script(ROOT / "tools" / "radhar_maps.py")


def test_the_page_says_what_the_committed_tables_hold():
    tables = {path.stem: pd.read_csv(path) for path in (ROOT / "reference" / "radhar").glob("*.csv")}
    text = (ROOT / "book" / "real-recordings.md").read_text()
    assert {name for name in tables if f"reference/radhar/{name}.csv" in text} == set(tables)
    assert f"There are {tables['windows']['recordings'].sum()} recordings" in text
    folds, stages = (tables[name].set_index("stage") for name in ("folds", "stages"))
    assert list(stages.index) == list(folds.index) == list(ORDER)
    for stage in ORDER:
        percent = folds.loc[stage]
        assert len(percent) == 5
        mean, *ends = stages.loc[stage]
        assert ends == [percent.min(), percent.max()]
        assert mean == pytest.approx(percent.mean(), abs=0.01)  # each is rounded to 0.01
    ends = tables["differences"].set_index("from and to")["95 % over recordings"].str.split(" to ", expand=True)
    low, high = ends.astype(float).to_numpy().T
    assert low[list(ends.index).index("fp32 to integer")] > 0  # "worse than the float one"
    assert low[-1] < 0 < high[-1]  # "no clear winner" over the simple model
    mean = stages["mean (%)"]
    assert mean["ternary-ptq"] < mean["ternary-ptq-bn"] < mean["qat"] < mean["fp32"]


def test_differences_are_paired_on_the_same_windows():
    results = load_script(ROOT / "tools" / "radhar_results.py")
    rows = [
        (stage, sample, sample // 2, 0, int(sample < wrong))
        for stage, wrong in (("fp32", 1), ("qat", 2), ("pruned", 2), ("integer", 4))
        for sample in range(8)
    ]
    table = results.differences(pd.DataFrame(rows, columns=["stage", "sample", "group", "label", "predicted"]))
    assert table["lost (points)"].tolist() == ["12.50", "0.00", "37.50"]


def test_the_margin_is_read_from_what_the_notebook_glues(tmp_path):
    results = load_script(ROOT / "tools" / "radhar_results.py")
    text = (ROOT / "notebooks" / "02-fp32-baseline.ipynb").read_text()
    assert all(f'glue(\\"{name}\\",' in text for name in results.MARGIN)
    said = dict(zip(results.MARGIN, ("'row statistics'", "1.234", "'-0.50 to 2.97'"), strict=True))
    outputs = [{"metadata": {"scrapbook": {"name": k}}, "data": {"text/plain": v}} for k, v in said.items()]
    (tmp_path / "02.ipynb").write_text(json.dumps({"cells": [{"outputs": outputs}]}))
    row = results.baseline(tmp_path / "02.ipynb").iloc[0].tolist()
    assert row == ["fp32 to row statistics with logistic regression", "1.23", "-0.50 to 2.97"]


def write(path, points):
    """Points of (point_id, doppler_bin, velocity, intensity)."""
    held = np.zeros((len(points), 10), np.float32)
    for name, values in zip(("point_id", "doppler_bin", "velocity", "intensity"), np.transpose(points), strict=True):
        held[:, COLUMNS.index(name)] = values
    np.savez(path, data=held, columns=np.array(COLUMNS), label=np.array("walk"))


def test_intensities_add_up_by_frame_and_bin_and_impossible_speeds_are_left_out(tmp_path, tool):
    write(tmp_path / "a.npz", [(0, 8, 0, 30), (1, 8, 0, 30), (2, 3, -3, 20), (0, 8, 0, 10), (1, 15, 7.0, 40)])
    label, levels, left_out = tool.doppler_time(tmp_path / "a.npz")
    assert (label, levels.shape, left_out) == ("walk", (16, 2), 1)
    expected = np.zeros((16, 2))
    expected[8, 0], expected[3, 0], expected[8, 1] = 2000, 100, 10
    np.testing.assert_allclose(levels, 10 * np.log10(1 + expected), atol=1e-9)


def test_bins_that_radhar_does_not_have_are_refused(tmp_path, tool):
    write(tmp_path / "a.npz", [(0, 16, 0, 30)])
    with pytest.raises(HarlibError, match=r"a\.npz: Doppler bins outside"):
        tool.doppler_time(tmp_path / "a.npz")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the RadHAR recordings are not here")
def test_the_two_corrupt_points_are_found(tool):
    assert tool.doppler_time(SHARED / "Test_boxing___20_boxing_7.npz")[2] == 2
    assert tool.doppler_time(SHARED / "Test_boxing___20_boxing_6.npz")[2] == 0
