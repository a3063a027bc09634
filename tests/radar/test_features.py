"""Held against: pictures drawn by hand, whose traits are known."""

import numpy as np
import pytest

from harlib.radar.features import floor, measure, sweep_columns, torso_line


def noise(sd=12.0):
    return 2500 + sd * np.random.default_rng(0).standard_normal((64, 64))


def with_band(first, last, level_db=20.0):
    x = noise()
    x[first : last + 1] += 20 * level_db
    return x


def test_floor_is_found_beside_a_bright_half():
    mean, spread = floor(with_band(32, 63))
    assert mean == pytest.approx(2500, abs=6)
    assert spread == pytest.approx(12, rel=0.35)


def test_nothing_but_noise_has_no_line_no_lobe_and_no_fill():
    found = measure(noise())
    assert (torso_line(noise()) == 32).all()
    assert found.thickness_rows < 1.5
    assert np.isnan(found.fill)
    assert found.range_db < 3
    assert abs(found.smoothness) < 0.1


@pytest.mark.parametrize("row", [12, 22, 44, 58])
def test_the_line_is_where_it_was_drawn(row):
    x = with_band(row, row)
    assert np.abs(torso_line(x) - row).max() <= 1
    assert measure(x).extent_rows == pytest.approx(abs(row - 32), abs=1)
    assert measure(x).thickness_rows == pytest.approx(1, abs=0.1)
    assert measure(x).fill < 0.1


def test_a_filled_side_is_full_and_thick():
    x = with_band(12, 31, 15.0)
    x[12] += 200  # the torso's line, 25 dB
    found = measure(x)
    assert found.fill == pytest.approx(15 / 25, abs=0.08)
    assert found.thickness_rows == pytest.approx(18, abs=0.5)  # rows 12 to 29: two belong to the notch
    assert found.range_db == pytest.approx(25, abs=3)


def test_slow_change_is_smooth_and_fast_change_is_not():
    slow, fast = noise(), noise()
    wave = 300 * np.sin(2 * np.pi * np.arange(64) / 32)
    slow[20:45] += wave
    fast[20:45] += 300 * (-1.0) ** np.arange(64)
    assert measure(slow).smoothness == pytest.approx(np.cos(2 * np.pi / 32), abs=0.05)
    assert measure(fast).smoothness < -0.9


def test_a_sweep_is_timed_and_a_line_on_one_side_has_none():
    crossing = np.clip(np.round(np.linspace(62, 2, 64)).astype(int), 12, 52)
    steps = [abs(j - i) for i in range(64) for j in range(64) if crossing[i] >= 38 and crossing[j] <= 26]
    assert sweep_columns(crossing) == min(steps)
    assert sweep_columns(crossing[::-1]) == min(steps)
    there_and_back = np.concatenate([np.full(20, 20), np.full(20, 50), np.full(10, 32), np.full(14, 20)])
    assert sweep_columns(there_and_back) == 1
    assert np.isnan(sweep_columns(np.full(64, 20)))
    assert np.isnan(sweep_columns(np.full(64, 32)))
    assert np.isnan(sweep_columns(np.linspace(27, 37, 64).round().astype(int)))
