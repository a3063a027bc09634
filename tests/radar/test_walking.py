"""A walking body against the textbook: the torso's line lies at its speed, its feet peak at two to three times that."""

import numpy as np
import pytest

from harlib.parameters import Simulation
from harlib.radar import Trial, draw_subject, receive
from harlib.radar.body import skeleton
from harlib.radar.gait import Setting, stand, step_along
from harlib.radar.signal import knot_times, wavelength_m
from harlib.radar.spectrogram import doppler_hz, frame_power, recording_samples

PARAMETERS = Simulation(floor_reflection=0.0, wall_reflection=0.0, shadow_db=0.0, beam_deg=(0.0, 0.0))
TRUNK = ("upper trunk", "middle trunk", "lower trunk")


def walk(speed):
    """Someone who walks straight away from the radar, far off, at a constant speed and a cadence that goes with it."""
    subject = draw_subject(PARAMETERS, 7, 0)
    samples = recording_samples(PARAMETERS.frames_per_column)
    time = knot_times(samples, PARAMETERS.pulse_rate_hz)
    setting = Setting(subject.body.height_m, 1.0, 1.0, 20.0, np.pi, (-1.0, time[-1]), float(time[-1]), 0.0)
    rng = np.random.default_rng(0)
    motion = stand(rng, time, setting)
    motion.root[0] += speed * time
    step_along(motion, time, np.full(time.size, speed), speed, 0.85 * speed**0.5, setting, 0.0, bent=0.0)
    nuisance = {"snr_db": 60.0, "floor_reflection": 0.0}
    return Trial("other", subject, skeleton(subject.body, motion), time, nuisance, np.empty((3, 0)))


def velocities(trial, segments):
    """Power-weighted quantiles 0.5 and 0.995 of velocity over the whole recording, and velocity's step a row, m/s."""
    power = frame_power(receive(PARAMETERS, trial, segments=segments)).sum(axis=0)
    velocity = doppler_hz(PARAMETERS.pulse_rate_hz) * wavelength_m(PARAMETERS.carrier_ghz) / 2
    share = np.cumsum(power) / power.sum()
    return velocity[np.searchsorted(share, 0.5)], velocity[np.searchsorted(share, 0.995)], velocity[1] - velocity[0]


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.3])
def test_the_torso_lies_at_its_speed_and_the_feet_peak_at_two_to_three_times_that(speed):
    trial = walk(speed)
    torso, _, row = velocities(trial, TRUNK)
    assert torso == pytest.approx(speed, abs=row)
    _, fastest, row = velocities(trial, ("left foot", "right foot"))
    assert 2 * speed - row <= fastest <= 3 * speed + row
