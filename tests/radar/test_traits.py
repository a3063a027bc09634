"""Held against: pictures drawn by hand that have a trait or do not."""

import numpy as np
import pytest

from harlib.radar.traits import TRAITS, period, see, shares

HAS = {trait.shows: trait.has for trait in TRAITS}


def drawn(line, half_width=1, level_db=20.0, floor=2480.0):
    """A bright line of some rows about a row a column, over a floor with a body's line and a notch."""
    x = floor + 12 * np.random.default_rng(0).standard_normal((64, 64))
    x[[31, 33]] += 300
    for column, row in enumerate(line):
        low, high = max(round(row - half_width), 0), min(round(row + half_width), 63)
        x[low : high + 1, column] += 20 * level_db
    return x


def asked(shows, x):
    return HAS[shows](see(x))


STILL = np.full(64, 31.0)
TIME = np.arange(64)


def test_floor_and_notch():
    assert asked("noise floor near 2,470", drawn(STILL))
    assert not asked("noise floor near 2,470", drawn(STILL, floor=2700))
    assert asked("row 32 dark between bright rows 31 and 33", drawn(STILL, half_width=0))
    bright = drawn(STILL)
    bright[32] += 1000
    assert not asked("row 32 dark between bright rows 31 and 33", bright)


def test_jogging():
    fast, slow = np.where(TIME < 30, 8, 56), np.clip(np.linspace(80, -20, 64), 5, 58)
    assert asked("a sweep through zero in about five columns", drawn(fast))
    assert not asked("a sweep through zero in about five columns", drawn(slow))
    assert not asked("a sweep through zero in about five columns", drawn(np.full(64, 8)))
    filled = drawn(np.full(64, 12))
    filled[14:31] += 20 * 16.0
    assert asked("band filled from zero to the torso's line", filled)
    assert not asked("band filled from zero to the torso's line", drawn(np.full(64, 12)))
    assert asked("reaches the edge of the band", drawn(np.full(64, 1)))
    assert not asked("reaches the edge of the band", drawn(np.full(64, 12)))


def test_jumping():
    spikes = drawn(STILL)
    spikes[20:45, ::4] += 300
    assert asked("narrow spikes of both signs", spikes)
    assert asked("a spike every four columns or so", spikes)
    assert not asked("spikes blur into each other", spikes)
    one_side = drawn(STILL)
    one_side[20:32, ::4] += 300
    assert not asked("narrow spikes of both signs", one_side)
    rare = drawn(STILL)
    rare[20:45, ::16] += 300
    assert not asked("a spike every four columns or so", rare)
    broad = drawn(STILL)
    broad[20:45, TIME // 8 % 2 == 0] += 300
    assert asked("spikes blur into each other", broad)


def test_situp():
    lobes = drawn(32 + 13 * np.sin(2 * np.pi * 4.5 * TIME / 64))
    for shows in ("four to five slow cycles", "lobes that alternate in sign", "lobes that reach about 15 rows"):
        assert asked(shows, lobes), shows
    assert not asked("thick lobes", lobes)
    assert asked("thick lobes", drawn(32 + 13 * np.sin(2 * np.pi * 4.5 * TIME / 64), half_width=9))
    assert not asked("four to five slow cycles", drawn(32 + 13 * np.sin(2 * np.pi * 9 * TIME / 64)))
    assert not asked("lobes that alternate in sign", drawn(45 + 8 * np.sin(2 * np.pi * 4.5 * TIME / 64)))
    assert not asked("lobes that reach about 15 rows", drawn(32 + 28 * np.sin(2 * np.pi * 4.5 * TIME / 64)))


def test_waving_and_other():
    streaks = drawn(STILL)
    streaks[1:, 8::6] += 200
    assert asked("faint streaks over the whole band", streaks)
    assert not asked("faint streaks over the whole band", drawn(STILL))
    assert asked("little more than the body's line", drawn(STILL))
    assert not asked("little more than the body's line", streaks)


@pytest.mark.parametrize("columns", [3.0, 4.5, 7.0, 14.0])
def test_period(columns):
    assert period(np.cos(2 * np.pi * TIME / columns)) == pytest.approx(columns, rel=0.04)
    assert np.isnan(period(np.ones(64)))


def test_shares_count_pictures_and_ask_only_what_concerns_the_class():
    found = shares(np.stack([drawn(STILL), drawn(np.full(64, 5))]), "other")
    assert found["little more than the body's line"] == 0.5
    assert found["noise floor near 2,470"] == 1
    assert "thick lobes" not in found
