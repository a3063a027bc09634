"""The page on real recordings says what reference/radhar.csv holds; the tool that made its data does what it says."""

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest

from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.stages import ORDER

ROOT = project_root()
SHARED = ROOT.parent / "shared" / "data" / "radhar"
COLUMNS = ["t_s", "point_id", "x", "y", "z", "range", "velocity", "doppler_bin", "bearing", "intensity"]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("radhar_maps", ROOT / "tools" / "radhar_maps.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_committed_numbers():
    table = pd.read_csv(ROOT / "reference" / "radhar.csv")
    assert list(table.columns) == ["stage", "fold", "accuracy"]
    text = (ROOT / "book" / "real-recordings.md").read_text()
    for stage in ORDER:
        percent = 100 * table[table.stage == stage].sort_values("fold").accuracy
        assert len(percent) == 5
        row = f"| `{stage}` | {percent.mean():.2f} | {percent.min():.2f} to {percent.max():.2f} |"
        assert row in text
    drop = 100 * (table[table.stage == "integer"].accuracy.mean() - table[table.stage == "fp32"].accuracy.mean())
    said = float(re.search(r"right ([\d.]+) points more often", text)[1])
    assert said == pytest.approx(drop, abs=0.02)  # folds differ a little in size; the page counts samples


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
