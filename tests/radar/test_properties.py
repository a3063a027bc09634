"""Whatever the parameters, a recording is finite, of the right shape and of the right type."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harlib.parameters import Simulation
from harlib.radar import simulate_subject


def span(low, high):
    return st.tuples(st.floats(low, high), st.floats(low, high)).map(lambda pair: tuple(sorted(pair)))


PARAMETERS = st.builds(
    Simulation,
    carrier_ghz=st.floats(1, 120),
    pulse_rate_hz=st.floats(500, 10000),
    frames_per_column=st.integers(1, 8),
    noise_looks=st.integers(0, 100),
    window=st.sampled_from(["hann", "hamming", "blackman", "boxcar"]),
    hop_samples=st.sampled_from(range(8, 65, 8)),
    clutter_removal=st.sampled_from(["frame", "recording", "none"]),
    radar_height_m=st.floats(0.1, 3),
    tilt_deg=st.floats(-60, 60),
    beam_deg=st.tuples(*[st.one_of(st.just(0.0), st.floats(1, 170))] * 2),
    adc_bits=st.integers(0, 24),
    adc_full_scale_db=st.floats(0, 140),
    floor_reflection=st.floats(0, 1),
    wall_reflection=st.floats(0, 1),
    shadow_db=st.floats(0, 60),
    scatterer_spacing_m=st.one_of(st.just(0.0), st.floats(0.05, 1)),
    height_m=span(1.0, 2.3),
    bmi_kg_m2=span(12, 60),
    female_share=st.floats(0, 1),
    habit_spread=st.floats(0, 0.5),
    roughness=st.floats(0, 1),
    snr_db=span(-40, 80),
    gain_db=span(-40, 40),
    clutter_db=span(-40, 80),
    clutter_drift_rad=st.floats(0, 1),
    distance_m=span(0.5, 50),
    aspect_sd_deg=st.floats(0, 180),
    partial_share=st.floats(0, 1),
    other_moving_share=st.floats(0, 1),
    empty_share=st.floats(0, 1),
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(PARAMETERS, st.integers(0, 1000))
def test_every_recording_is_finite_and_whole(parameters, subject):
    with np.errstate(invalid="raise", divide="raise"):
        held = simulate_subject(parameters, 1, subject, 5)
    assert held.x.shape == (5, 64, 64)
    assert held.x.dtype == np.uint16
    assert all(np.isfinite(values).all() for values in held.nuisance.values())
    assert held.x.std() > 0
