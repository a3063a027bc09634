"""Held against: the closed form of the phase, sample by sample, in float64."""

import numpy as np
import pytest

from harlib.radar.signal import (
    Antenna,
    convert,
    echo,
    knot_times,
    paths,
    point_target,
    receiver_noise,
    room_paths,
    wavelength_m,
)
from harlib.radar.spectrogram import doppler_hz, frame_power

SAMPLES, RATE = 10272, 1000.0
WAVELENGTH = wavelength_m(24.125)


def direct(trajectory, rcs=1.0):
    range_m = trajectory(np.arange(SAMPLES) / RATE)
    return np.sqrt(rcs) / range_m**2 * np.exp(4j * np.pi * range_m / WAVELENGTH)


def error_db(found, expected):
    return 10 * np.log10(np.mean(np.abs(found - expected) ** 2) / np.mean(np.abs(expected) ** 2))


def test_wavelength_of_24_ghz():
    assert wavelength_m(24.125) == pytest.approx(0.012427, rel=1e-4)


@pytest.mark.parametrize(
    "trajectory",
    [
        lambda t: 3 - 0.25 * t,
        lambda t: 3 + 0.3 * np.sin(2 * np.pi * 1.5 * t),  # an arm's wave
        lambda t: np.hypot(1.0, 2.5 * (t - 5)),  # runs past at 1 m
    ],
)
def test_blocks_agree_with_the_direct_computation(trajectory):
    found = point_target(trajectory, SAMPLES, RATE, WAVELENGTH)
    assert found.shape == (SAMPLES,)
    assert found.dtype == np.complex64
    assert error_db(found, direct(trajectory)) < -50


def test_many_paths_add_up():
    rng = np.random.default_rng(0)
    ranges = 3 + rng.uniform(-0.3, 0.3, (19, 1)) * np.sin(knot_times(SAMPLES, RATE) + rng.uniform(0, 6, (19, 1)))
    amplitude = rng.uniform(0.5, 2, ranges.shape[0])[:, None] * np.ones_like(ranges)
    each = sum(echo(ranges[i : i + 1], amplitude[i : i + 1], WAVELENGTH) for i in range(19))
    np.testing.assert_allclose(echo(ranges, amplitude, WAVELENGTH), each, atol=2e-4)


@pytest.mark.parametrize("speed", [-2.0, -0.5, 0.7, 2.9])
def test_constant_speed_lands_in_its_bin(speed):
    power = frame_power(point_target(lambda t: 40 + speed * t, SAMPLES, RATE, WAVELENGTH)).mean(axis=0)
    expected = 2 * speed / WAVELENGTH  # approaching (R falls) is negative
    assert doppler_hz(RATE)[power.argmax()] == pytest.approx(expected, abs=RATE / 64)


def test_fast_targets_alias_by_the_pulse_rate():
    speed = 4.0  # 644 Hz, beyond 500 Hz
    power = frame_power(point_target(lambda t: 3 + speed * t, SAMPLES, RATE, WAVELENGTH)).mean(axis=0)
    assert doppler_hz(RATE)[power.argmax()] == pytest.approx(2 * speed / WAVELENGTH - RATE, abs=RATE / 64)


def test_power_falls_with_the_fourth_power_of_range():
    near, far = (
        np.mean(np.abs(point_target(lambda t, r=r: r + 0 * t, 800, RATE, WAVELENGTH)) ** 2) for r in (2.0, 4.0)
    )
    assert near / far == pytest.approx(16, rel=1e-4)


def test_power_grows_with_cross_section():
    one, five = (
        np.mean(np.abs(point_target(lambda t: 2 + 0 * t, 800, RATE, WAVELENGTH, rcs_m2=rcs)) ** 2) for rcs in (1.0, 5.0)
    )
    assert five / one == pytest.approx(5, rel=1e-4)


def test_rotating_arm_draws_its_sinusoid():
    arm, turns_hz, distance = 0.4, 0.5, 50.0

    def trajectory(t):
        return np.hypot(distance + arm * np.cos(2 * np.pi * turns_hz * t), arm * np.sin(2 * np.pi * turns_hz * t))

    power = frame_power(point_target(trajectory, SAMPLES, RATE, WAVELENGTH))
    middle = (np.arange(len(power)) * 32 + 31.5) / RATE
    closed = -2 / WAVELENGTH * arm * 2 * np.pi * turns_hz * np.sin(2 * np.pi * turns_hz * middle)
    seen = doppler_hz(RATE)[power.argmax(axis=1)]
    moving = np.abs(closed) > 2 * RATE / 64  # beside the notch
    assert moving.sum() > 200
    assert np.abs(seen - closed)[moving].max() < 1.5 * RATE / 64


def test_floor_bounce_is_the_image_source():
    position, rcs, height = np.array([[[4.0]], [[0.0]], [[0.5]]]), np.array([[0.2]]), 1.5
    ranges, amplitude = paths(position, rcs, Antenna(height), 0.3)
    direct_m, image_m = np.hypot(4.0, 1.0), np.hypot(4.0, 2.0)
    np.testing.assert_allclose(ranges[:, 0], [direct_m, (direct_m + image_m) / 2])
    np.testing.assert_allclose(amplitude[0], np.sqrt(0.2) / direct_m**2)
    np.testing.assert_allclose(amplitude[1], 2 * 0.3 * np.sqrt(0.2) / (direct_m * image_m))
    assert paths(position, rcs, Antenna(height))[0].shape == (1, 1)


def test_noise_is_white_and_of_unit_power():
    noise = receiver_noise(np.random.default_rng(0), 100_000)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, rel=0.02)
    assert abs(np.mean(noise**2)) < 0.02  # circular
    assert abs(np.mean(noise[1:] * noise[:-1].conj())) < 0.02


def test_odd_lengths_are_refused():
    with pytest.raises(ValueError, match="multiple of 8"):
        knot_times(1001, RATE)


def one_way_db(antenna, azimuth_deg, elevation_deg):
    a, e = np.deg2rad([azimuth_deg, elevation_deg])
    x, y, z = 2 * np.array([[np.cos(e) * np.cos(a)], [np.cos(e) * np.sin(a)], [np.sin(e)]])
    return 20 * np.log10(antenna.gain(x, y, z, np.array([2.0])))[0]


def test_the_beam_has_half_its_power_at_half_its_width_and_all_of_it_on_its_axis():
    antenna = Antenna(1.0, tilt_deg=0.0, beam_deg=(80.0, 34.0))
    assert one_way_db(antenna, 0, 0) == pytest.approx(0)
    for azimuth, elevation in ((40, 0), (-40, 0), (0, 17), (0, -17)):
        assert one_way_db(antenna, azimuth, elevation) == pytest.approx(-3.01, abs=0.01)
    assert one_way_db(antenna, 180, 0) < -20
    assert Antenna(1.0).gain(*np.eye(3)[:, [1]], np.ones(1)) == 1


def test_tilt_lowers_the_axis_of_the_beam():
    antenna = Antenna(1.0, tilt_deg=25.0, beam_deg=(80.0, 34.0))
    assert one_way_db(antenna, 0, -25) == pytest.approx(0, abs=1e-6)
    assert one_way_db(antenna, 0, -8) == pytest.approx(-3.01, abs=0.01)


def test_an_echo_passes_the_beam_twice():
    position, rcs = np.array([[[3.0]], [[3.0 * np.tan(np.deg2rad(40))]], [[1.0]]]), np.array([[1.0]])
    _, straight = paths(position, rcs, Antenna(1.0))
    _, through = paths(position, rcs, Antenna(1.0, beam_deg=(80.0, 34.0)))
    assert 20 * np.log10(through / straight) == pytest.approx(-6.02, abs=0.01)


def test_ways_by_the_room_are_as_long_and_as_strong_as_their_legs():
    position, rcs = np.array([[[4.0]], [[1.0]], [[0.5]]]), np.array([[0.2]])
    places = np.array([[3.0, -1.0], [-2.0, 2.0], [1.5, 0.5]])
    ranges, amplitude = room_paths(position, rcs, places, Antenna(1.0), 0.25)
    radar, body = np.array([0.0, 0.0, 1.0]), position[:, 0, 0]
    for i, place in enumerate(places.T):
        legs = np.linalg.norm(body - radar), np.linalg.norm(body - place) + np.linalg.norm(place - radar)
        assert ranges[i, 0] == pytest.approx(sum(legs) / 2, rel=1e-6)
        assert amplitude[i, 0] == pytest.approx(2 * 0.25 * np.sqrt(0.2) / (legs[0] * legs[1]), rel=1e-6)


def test_the_converter_adds_the_noise_of_its_steps_and_saturates():
    x = receiver_noise(np.random.default_rng(0), 200_000) * np.float32(10)
    step = 2 * 10 ** (40 / 20) / 2**8
    error = convert(x, 8, 40.0) - x
    assert np.mean(np.abs(error) ** 2) == pytest.approx(2 * step**2 / 12, rel=0.02)
    assert np.abs(error.real).max() <= step / 2 * 1.001
    assert np.abs(convert(x * np.float32(1000), 8, 40.0).real).max() <= 100
    assert convert(x, 0, 40.0) is x
