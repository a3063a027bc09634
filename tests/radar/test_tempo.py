import numpy as np
import pytest

from harlib.radar.tempo import cycles, pulse, smooth_step, sway

TIME = np.arange(0, 12, 0.008)


def test_cycles_keep_their_rate_and_never_go_back():
    repeat = cycles(np.random.default_rng(0), TIME, (-2.0, 14.0), 1.5, 0.05, 0.1)
    assert (np.diff(repeat.phase) >= 0).all()
    assert (repeat.phase[-1] - repeat.phase[0]) / 12 == pytest.approx(1.5, rel=0.1)
    assert repeat.size.std() > 0.03


def test_cycles_begin_and_end_at_rest():
    repeat = cycles(np.random.default_rng(0), TIME, (3.0, 8.0), 1.0, 0.1, 0.1)
    assert (repeat.phase[TIME < 3.0] == 0).all()
    assert repeat.phase[-1] == 5
    assert repeat.active[0] == 0
    assert repeat.active[TIME.searchsorted(5.0)] == 1
    speed = np.diff(repeat.phase) / 0.008
    assert np.abs(np.diff(speed)).max() < 0.3  # no jump from rest to full tempo


def test_smooth_step_and_pulse():
    step = smooth_step(TIME, 2.0, 1.0)
    assert step[0] == 0
    assert step[-1] == 1
    assert step[TIME.searchsorted(2.5)] == pytest.approx(0.5, abs=0.02)
    there_and_back = pulse(TIME, 2.0, 2.0)
    assert there_and_back[0] == there_and_back[-1] == 0
    assert there_and_back.max() == pytest.approx(1, abs=1e-3)


def test_sway_has_its_rms_and_band():
    long = np.arange(0, 400, 0.05)
    x = sway(np.random.default_rng(0), long, 0.01, (0.2, 1.0))
    assert x.std() == pytest.approx(0.01, rel=0.1)
    power = np.abs(np.fft.rfft(x - x.mean())) ** 2
    frequency = np.fft.rfftfreq(x.size, 0.05)
    inside = (frequency > 0.18) & (frequency < 1.05)
    assert power[inside].sum() > 0.98 * power.sum()
