from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import ShortTimeFFT, get_window
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harlib.parameters import Simulation
from harlib.radar import (
    CLASSES,
    assign_classes,
    draw_subject,
    draw_trial,
    receive,
    simulate_signal,
    simulate_subject,
    trajectories,
)
from harlib.radar.signal import wavelength_m
from harlib.radar.simulate import REFERENCE_RANGE_M, REFERENCE_RCS_M2, random_stream
from harlib.radar.spectrogram import recording_samples

PARAMETERS = Simulation()


def simulate(subject):
    return simulate_subject(PARAMETERS, 7, subject, 6)


def same(one, other):
    return (
        (one.x == other.x).all()
        and (one.y == other.y).all()
        and all((one.nuisance[name] == other.nuisance[name]).all() for name in one.nuisance)
    )


def test_shapes_and_values():
    recordings = simulate(0)
    assert recordings.x.shape == (6, 64, 64)
    assert recordings.x.dtype == np.uint16
    assert recordings.y.dtype == np.int64
    assert all(values.shape == (6,) for values in recordings.nuisance.values())
    assert recordings.x.min() > 2300
    assert 2900 < recordings.x.max() < 3900


def test_the_same_in_any_order_and_any_process():
    here = [simulate(subject) for subject in (0, 1)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = [pool.submit(simulate_subject, PARAMETERS, 7, subject, 6).result() for subject in (1, 0)]
    assert same(here[0], there[1])
    assert same(here[1], there[0])
    assert same(here[0], simulate(0))


def test_some_activities_are_those_of_all():
    every, some = simulate_subject(PARAMETERS, 7, 1, 10), simulate_subject(PARAMETERS, 7, 1, 10, ("situp", "other"))
    chosen = np.isin(every.y, [CLASSES.index("situp"), CLASSES.index("other")])
    assert chosen.sum() == 4
    assert (some.x == every.x[chosen]).all()
    assert (some.y == every.y[chosen]).all()
    assert (some.nuisance["snr_db"] == every.nuisance["snr_db"][chosen]).all()
    assert len(simulate_subject(PARAMETERS, 7, 1, 10, ()).x) == 0


def test_seeds_subjects_and_trials_differ():
    first = simulate(0)
    assert not same(first, simulate(1))
    assert not same(first, simulate_subject(PARAMETERS, 8, 0, 6))
    assert len(np.unique(first.nuisance["snr_db"])) == 6
    assert draw_subject(PARAMETERS, 7, 0).tempo != draw_subject(PARAMETERS, 7, 1).tempo


def test_no_two_random_streams_are_one():
    """NumPy pads [7, 0] to what [7, 0, 0] is: the purpose keeps a subject's stream apart from its trials'."""
    subjects = [random_stream(purpose, 7, subject).uniform() for purpose in (3, 4) for subject in range(20)]
    trials = [random_stream(purpose, 7, i, k).uniform() for purpose in (0, 1, 2) for i in range(20) for k in range(9)]
    assert len({*subjects, *trials}) == len(subjects) + len(trials)


def test_classes_are_balanced():
    y = np.stack([assign_classes(PARAMETERS, 0, subject, 46) for subject in range(30)])
    assert (np.bincount(y.ravel()) == 276).all()
    assert all(set(np.bincount(row)) == {9, 10} for row in y)
    assert len({tuple(row) for row in y}) == 30
    assert (np.bincount(assign_classes(PARAMETERS, 0, 0, 10)) == 2).all()


def test_signal_is_what_the_picture_is_made_of():
    recordings = simulate(0)
    trial = int(np.flatnonzero(recordings.y == CLASSES.index("jumping"))[0])
    iq = simulate_signal(PARAMETERS, 7, 0, trial, CLASSES[recordings.y[trial]])
    assert iq.size == recording_samples(PARAMETERS.frames_per_column)
    oracle = ShortTimeFFT(get_window("hann", 64), 32, fs=1000.0, fft_mode="centered")
    power = np.abs(oracle.stft(iq, p0=1, p1=321)) ** 2
    power = power.reshape(64, 64, 5).mean(axis=2)
    seen = recordings.x[trial].astype(float)
    away = np.r_[0:28, 37:64]
    strong = power[away] > 300 * 24  # where neither extra looks nor the mean matter
    db = 10 * np.log10(power[away] / 24 / (1 + PARAMETERS.noise_looks)) + recordings.nuisance["gain_db"][trial]
    assert strong.sum() > 20
    assert np.median(np.abs(seen[away] - 2500 - 20 * db)[strong]) < 20


def test_block_phases_agree_with_the_direct_sum_over_a_body():
    parameters = Simulation(floor_reflection=0.0, wall_reflection=0.0, beam_deg=(0.0, 0.0), empty_share=0.0)
    subject = draw_subject(parameters, 7, 0)
    for activity in CLASSES:
        trial = draw_trial(parameters, 7, subject, activity, (0, 1))
        found = receive(parameters, trial)
        ranges, rcs = (np.concatenate(some) for some in zip(*trajectories(parameters, trial).values(), strict=True))
        scale = 10 ** (trial.nuisance["snr_db"] / 20) * REFERENCE_RANGE_M**2 / np.sqrt(REFERENCE_RCS_M2)
        phase = 4 * np.pi * ranges.astype(float) / wavelength_m(parameters.carrier_ghz)
        at_knots = scale * (np.sqrt(rcs) / ranges**2 * np.exp(1j * phase)).sum(axis=0)[1:-2]
        error = np.mean(np.abs(found[::8] - at_knots) ** 2) / np.mean(np.abs(at_knots) ** 2)
        assert 10 * np.log10(error) < -45, activity


def test_signal_to_noise_ratio_is_as_named():
    subject = draw_subject(PARAMETERS, 7, 0)
    quiet, loud = (
        receive(parameters, draw_trial(parameters, 7, subject, "other", (0, 0)))
        for parameters in (Simulation(snr_db=(10.0, 10.0)), Simulation(snr_db=(30.0, 30.0)))
    )
    assert np.mean(np.abs(loud) ** 2) / np.mean(np.abs(quiet) ** 2) == pytest.approx(100, rel=1e-3)


def test_nuisances_do_not_tell_the_classes_apart():
    recordings = []
    for subject in range(40):
        person = draw_subject(PARAMETERS, 1, subject)
        y = assign_classes(PARAMETERS, 1, subject, 15)
        for trial, label in enumerate(y):
            drawn = draw_trial(PARAMETERS, 1, person, CLASSES[label], (subject, trial))
            recordings.append((label, [*drawn.nuisance.values()]))
    y = np.array([label for label, _ in recordings])
    x = np.array([values for _, values in recordings])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    assert cross_val_score(model, x, y, cv=5).mean() < 0.2 + 3 * np.sqrt(0.2 * 0.8 / len(y))
    assert cross_val_score(model, np.c_[x, y], y, cv=5).mean() > 0.5  # the test can fail


def test_people_who_stay_are_where_the_draw_says():
    subject = draw_subject(PARAMETERS, 7, 0)
    for activity in ("jumping", "situp", "waving"):
        drawn = draw_trial(PARAMETERS, 7, subject, activity, (0, 3))
        hips = np.hypot(*drawn.place["lower trunk"][0][:2])
        assert np.abs(hips - drawn.nuisance["distance_m"]).max() < 0.3


@pytest.mark.parametrize("name", ["snr_db", "distance_m", "height_m", "bmi_kg_m2", "gain_db", "clutter_db"])
def test_ranges_run_upward_and_stay_in_bounds(name):
    low, high = getattr(PARAMETERS, name)
    with pytest.raises(ValidationError, match=name):
        Simulation(**{name: (high, low)})
    with pytest.raises(ValidationError, match=name):
        Simulation(**{name: (low, 1000.0)})
