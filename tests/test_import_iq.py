"""I/Q samples become the very pictures that the simulation makes of them."""

import numpy as np
import pytest
import scipy.io

from harlib.errors import HarlibError
from harlib.importing import iq, pictures, recordings
from harlib.parameters import Parameters
from harlib.radar import simulate_signal, simulate_subject
from harlib.radar.spectrogram import COLUMNS, HOP, recording_samples, spectrogram

FORM = iq.IqFormat(24.125, 1000.0)
RNG = np.random.default_rng(0)


def noise(count):
    return RNG.normal(size=count) + 1j * RNG.normal(size=count)


@pytest.mark.parametrize("frames", [5, 2])
def test_a_simulated_signal_gives_the_simulated_picture(tmp_path, frames):
    p = Parameters(noise_looks=0, gain_db=(0.0, 0.0), frames_per_column=frames)
    made = simulate_subject(p, seed=3, subject=1, trials=5)
    np.save(
        tmp_path / "a.npy", simulate_signal(p, 3, 1, 0, ("jogging", "jumping", "situp", "waving", "other")[made.y[0]])
    )
    found = pictures.load(tmp_path / "a.npy", iq.IqFormat(p.carrier_ghz, p.pulse_rate_hz, frames))
    np.testing.assert_array_equal(np.rint(found), made.x[:1])


def test_every_way_of_writing_samples_is_read_alike(tmp_path):
    samples = noise(FORM.window)
    two = np.stack([samples.real, samples.imag], axis=1)
    np.save(tmp_path / "a.npy", samples)
    np.save(tmp_path / "b.npy", two)
    np.savez(tmp_path / "c.npz", x=samples)
    np.savetxt(tmp_path / "d.csv", two, delimiter=",", fmt="%.17g")
    scipy.io.savemat(tmp_path / "e.mat", {"x": samples})
    for name in ("a.npy", "b.npy", "c.npz", "d.csv", "e.mat"):
        found = pictures.load(tmp_path / name, FORM)
        np.testing.assert_array_equal(found[0], spectrogram(samples), err_msg=name)


def test_windows_follow_each_other_and_a_rest_is_left_out(tmp_path):
    samples = noise(3 * FORM.window)
    for step, count in ((64, 3), (32, 5)):
        form = iq.IqFormat(24.125, 1000.0, step_columns=step)
        found = iq.pictures(tmp_path, samples, form)
        hop = step * 5 * HOP
        assert len(found) == (samples.size - form.window) // hop + 1 == count
        for k, picture in enumerate(found):
            np.testing.assert_array_equal(picture, spectrogram(samples[k * hop : k * hop + form.window]))
    assert FORM.window == recording_samples(5)


def test_noise_rms_and_direction_are_taken_into_account(tmp_path):
    time = np.arange(FORM.window)
    tone = np.exp(2j * np.pi * 16 / COLUMNS * time) * 100
    plain = iq.pictures(tmp_path, tone, FORM)[0]
    turned = iq.pictures(tmp_path, tone, iq.IqFormat(24.125, 1000.0, approach_positive=True))[0]
    assert set(plain.argmax(axis=0)) == {48}
    assert set(turned.argmax(axis=0)) == {16}
    quieter = iq.pictures(tmp_path, tone, iq.IqFormat(24.125, 1000.0, noise_rms=10.0))[0]
    np.testing.assert_allclose((plain - quieter)[48], 20 * 20)  # 20 units a dB


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (noise(100), "100 samples are fewer than the 10,272 of one window"),
        (np.full(11000, np.nan + 0j), "NaN"),
        (np.full(11000, 1e200 + 0j), "huge"),
        (np.zeros((11000, 3)), "two columns"),
        (np.zeros(11000), "two columns"),
        (np.zeros((2, 2, 11000), complex), "expected \\[time\\]"),
    ],
)
def test_samples_that_make_no_picture_are_refused(tmp_path, values, message):
    with pytest.raises(HarlibError, match=message):
        iq.pictures(tmp_path / "a.npy", values, FORM)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("carrier_ghz: 24.0\n", "pulse_rate_hz is missing"),
        ("carrier_ghz: 24.0\npulse_rate_hz: 1000.0\nspeed: 3\n", "unknown name 'speed'"),
        ("carrier_ghz: 2400.0\npulse_rate_hz: 1000.0\n", "carrier_ghz = 2400.0"),
        ("carrier_ghz: 24.0\npulse_rate_hz: fast\n", "pulse_rate_hz = 'fast'"),
        ("carrier_ghz: 24.0\npulse_rate_hz: 1000.0\nnoise_rms: 0\n", "noise_rms = 0"),
        ("carrier_ghz: 24.0\npulse_rate_hz: 1000.0\nstep_columns: 65\n", "step_columns = 65"),
        ("carrier_ghz: 24.0\npulse_rate_hz: 1000.0\napproach_positive: 1\n", "approach_positive = 1"),
        ("- 1\n", "expected a list of"),
        ("carrier_ghz: [[1, 2], [3, 4]]\npulse_rate_hz: 1000.0\n", "carrier_ghz is nested"),
    ],
)
def test_a_description_that_is_wrong_is_refused_with_its_name(tmp_path, text, message):
    path = tmp_path / "radar.yml"
    path.write_text(text)
    with pytest.raises(HarlibError, match=message) as refused:
        iq.load(path)
    assert str(path) in str(refused.value)


def test_imported_samples_are_stored_as_the_simulation_stores_its_own(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "someone").mkdir(parents=True)
        np.save(tmp_path / name / "someone" / "r.npy", noise(2 * FORM.window + 500))
    (tmp_path / "radar.yml").write_text("carrier_ghz: 24.125\npulse_rate_hz: 1000.0\n")
    (tmp_path / "radar.yml").rename(tmp_path.parent / "radar.yml")
    made = recordings.import_recordings(tmp_path, form=iq.load(tmp_path.parent / "radar.yml"))
    assert made.x.shape == (4, 64, 64)
    assert made.unit == recordings.RAW_UNIT
    first = spectrogram(np.load(tmp_path / "a" / "someone" / "r.npy")[: FORM.window])
    np.testing.assert_array_equal(made.x[0], np.rint(first))
    assert "24.125 GHz at 1000 Hz" in made.provenance
