"""The classes' traits, measured as a reader of the source's figure would: extents in rows, sweeps, periods."""

import numpy as np
import pytest

from harlib.parameters import Simulation
from harlib.radar import CLASSES, draw_subject, draw_trial, receive, simulate_subject, trajectories
from harlib.radar.activities import GRAVITY_M_S2, hop_height
from harlib.radar.body import SEGMENTS

PARAMETERS = Simulation(partial_share=0.0, aspect_sd_deg=15.0, empty_share=0.0)


@pytest.fixture(scope="module")
def spectrograms():
    recordings = [simulate_subject(PARAMETERS, 5, subject, 20) for subject in range(4)]
    x, y = (np.concatenate([getattr(r, name) for r in recordings]) for name in ("x", "y"))
    return {name: x[y == index].astype(float) for index, name in enumerate(CLASSES)}


def extent(x):
    """Rows from zero Doppler that the strongest tenth of the columns reaches, 60 units over the noise."""
    x = x - np.median(x[[*range(0, 4), *range(60, 64)]])
    rows = np.abs(np.arange(64) - 32)
    reach = ((x > 60) * rows[:, None]).max(axis=0)
    return np.quantile(reach, 0.9)


def centroid(x):
    """Mean Doppler row of every column, by power over the noise, without the notch and the rows beside it."""
    power = np.maximum(10 ** ((x - 2500) / 200) - 3, 0)
    power[31:34] = 0
    return (power * (np.arange(64) - 32)[:, None]).sum(axis=0) / (power.sum(axis=0) + 1e-9)


def body_line(x):
    return x[[30, 31, 33, 34]].mean()


def test_doppler_extents_are_ordered(spectrograms):
    reach = {name: np.median([extent(x) for x in some]) for name, some in spectrograms.items()}
    assert reach["jogging"] > reach["jumping"] > reach["other"] + 5
    assert reach["waving"] > reach["other"] + 5
    assert 6 <= reach["situp"] <= 20
    assert reach["jogging"] >= 24
    assert reach["other"] <= 6


def test_jogging_moves_far_to_one_side_then_to_the_other(spectrograms):
    swept = [np.ptp(np.convolve(centroid(x), np.ones(5) / 5, "valid")) for x in spectrograms["jogging"]]
    still = [np.ptp(np.convolve(centroid(x), np.ones(5) / 5, "valid")) for x in spectrograms["jumping"]]
    assert np.median(swept) > 15
    assert np.median(swept) > 3 * np.median(still)


def test_situps_are_slow_cycles_of_both_signs(spectrograms):
    periods = []
    for x in spectrograms["situp"]:
        line = centroid(x)
        assert line.max() > 2
        assert line.min() < -2
        periods.append(64 / (np.abs(np.fft.rfft((line - line.mean()) * np.hanning(64)))[1:].argmax() + 1))
    assert 12 < np.median(periods) < 22  # columns of 0.16 s: 2 to 3.5 s


def test_jumps_repeat_every_few_columns(spectrograms):
    periods = []
    for x in spectrograms["jumping"]:
        level = np.abs(x[20:28] - 2500).mean(axis=0) + np.abs(x[37:45] - 2500).mean(axis=0)
        spectrum = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(64)))
        periods.append(64 / (spectrum[4:].argmax() + 4))
    assert 2.0 < np.median(periods) < 7


def test_the_body_line_is_brighter_when_jumping_than_when_standing(spectrograms):
    line = {name: np.median([body_line(x) for x in some]) for name, some in spectrograms.items()}
    assert line["jumping"] > line["other"]
    assert line["other"] > 2600


def test_hop_has_steady_speed_and_falls_freely():
    jumps = np.linspace(0, 3, 30001)
    height = hop_height(jumps, 0.6, 0.5)
    speed = np.gradient(height, jumps * 0.6)
    assert np.abs(np.diff(speed)).max() < 0.01
    flying = (jumps % 1 > 0.55) & (jumps % 1 < 0.95)
    acceleration = np.gradient(speed, jumps * 0.6)
    np.testing.assert_allclose(acceleration[flying], -GRAVITY_M_S2, rtol=1e-3)


@pytest.mark.parametrize("activity", CLASSES)
def test_nobody_moves_like_no_body_can(activity):
    subject = draw_subject(PARAMETERS, 3, 0)
    for trial in range(5):
        drawn = draw_trial(PARAMETERS, 3, subject, activity, (0, trial))
        for range_m, rcs in trajectories(PARAMETERS, drawn).values():
            assert 0.3 < range_m.min() <= range_m.max() < 40
            assert np.abs(np.gradient(range_m.astype(float), drawn.time, axis=1)).max() < 12  # m/s
            assert (rcs > 0).all()


def test_the_foot_that_bears_the_runner_is_almost_at_rest():
    """What fills the band between zero and the trunk's line: some part of the legs stands on the floor."""
    subject = draw_subject(PARAMETERS, 3, 0)
    for trial in range(3):
        drawn = draw_trial(PARAMETERS, 3, subject, "jogging", (0, trial))
        ranges = {name: some for name, (some, _) in trajectories(PARAMETERS, drawn).items()}
        trunk = np.abs(np.gradient(ranges["upper trunk"].mean(axis=0), drawn.time))
        feet = np.abs([np.gradient(ranges[f"{side} foot"][0], drawn.time) for side in ("left", "right")]).min(axis=0)
        fast = trunk > 0.5 * trunk.max()
        assert np.quantile(feet[fast], 0.3) < 0.35 * np.median(trunk[fast])


def test_parts_of_the_body_add_up_to_the_whole():
    subject = draw_subject(PARAMETERS, 3, 0)
    drawn = draw_trial(PARAMETERS, 3, subject, "waving", (0, 0))
    whole = receive(PARAMETERS, drawn)
    parts = sum(receive(PARAMETERS, drawn, segments=(name,)) for name in SEGMENTS)
    np.testing.assert_allclose(whole, parts, atol=1e-3 * np.abs(whole).max())
