import numpy as np
import pytest

from harlib.radar.body import NAMES
from harlib.radar.movement import body_features, cadence, spectrogram_features

ROW, COLUMN = 0.1, 0.16


def picture(*bands):
    """A floor of 2500 with bands of rows, 20 dB above it; a band is rows and columns."""
    x = np.full((64, 64), 2500.0)
    for rows, columns in bands:
        x[rows, columns] = 2900
    return x


def test_bandwidth_is_half_the_distance_of_the_outermost_rows():
    features = spectrogram_features(picture((slice(20, 51), slice(None))), ROW, COLUMN)
    assert features["bandwidth_m_s"] == pytest.approx(15 * ROW)


def test_a_torso_at_one_speed_is_found_and_approach_is_negative():
    features = spectrogram_features(picture((slice(11, 14), slice(None))), ROW, COLUMN)
    assert features["torso_m_s"] == pytest.approx(20 * ROW)
    assert features["balance"] == -1


def test_the_balance_weighs_power():
    features = spectrogram_features(picture((40, slice(0, 48)), (20, slice(48, 64))), ROW, COLUMN)
    assert features["balance"] == pytest.approx(0.5)


def test_what_stands_still_or_hides_in_the_noise_counts_for_nothing():
    x = picture((slice(31, 34), slice(None)))
    x[10] += 100  # 5 dB
    assert all(np.isnan(value) for value in spectrogram_features(x, ROW, COLUMN).values())


def test_a_floor_that_is_known_is_used():
    x = picture((slice(0, 64), slice(None)))
    assert spectrogram_features(x, ROW, COLUMN, floor=2500.0)["bandwidth_m_s"] == pytest.approx(31.5 * ROW)
    assert np.isnan(spectrogram_features(x, ROW, COLUMN)["bandwidth_m_s"])


@pytest.mark.parametrize("rate", [0.5, 1.1, 2.0])
def test_the_cadence_of_a_picture_whose_width_swings_is_found(rate):
    half = 12 + 8 * np.sin(2 * np.pi * rate * np.arange(64) * COLUMN)
    x = picture(*((slice(32 - round(h), 33 + round(h)), column) for column, h in enumerate(half)))
    assert spectrogram_features(x, ROW, COLUMN)["cadence_hz"] == pytest.approx(rate, abs=0.06)


def test_no_cadence_without_two_cycles_or_without_change():
    assert np.isnan(cadence(np.sin(np.arange(11.0)), COLUMN))
    assert np.isnan(cadence(np.full(64, 3.0), COLUMN))


def test_a_bouncing_body_is_measured():
    time = np.arange(1001) * 0.01
    still = np.zeros((3, time.size))
    bounce = still + [[0], [0], [1]] * (0.1 * np.sin(2 * np.pi * 1.5 * time))
    swing = still + [[0], [1], [0]] * (0.5 * np.sin(2 * np.pi * time))
    place = {name: (bounce, bounce, still) for name in NAMES} | {"left forearm": (still, swing, still)}
    features = body_features(place, time)
    assert features["step_hz"] == pytest.approx(1.5, abs=0.03)
    assert features["bounce_m"] == pytest.approx(0.2, abs=0.01)
    assert features["hand_m_s"] == pytest.approx(np.pi, rel=0.02)
    assert features["ankle_m_s"] == pytest.approx(0.3 * np.pi, rel=0.02)
    assert body_features(place, time, (0.0, 4.0))["step_hz"] == pytest.approx(1.5, abs=0.06)
