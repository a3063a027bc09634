"""Held against: scipy.signal.ShortTimeFFT."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT, get_window

from harlib.radar.signal import receiver_noise
from harlib.radar.spectrogram import (
    BINS,
    FLOOR,
    HOP,
    WINDOW,
    frame_power,
    independent_frames,
    noise_floor,
    recording_samples,
    spectrogram,
)


def zero_mean_frames_signal(rng):
    """Frames without a mean: only tones with whole periods in every frame, at odd and even bins but 0."""
    n = np.arange(recording_samples(5))
    tones = rng.integers(1, BINS, 5)
    return sum(np.exp(2j * np.pi * (k * n / BINS + rng.uniform())) for k in tones)


def test_window_is_scipys_hann():
    np.testing.assert_allclose(WINDOW, get_window("hann", BINS), atol=1e-15)


def test_agrees_with_short_time_fft():
    rng = np.random.default_rng(0)
    x = zero_mean_frames_signal(rng)
    oracle = ShortTimeFFT(get_window("hann", BINS), HOP, fs=1000.0, fft_mode="centered")
    frames = len(frame_power(x))
    expected = np.abs(oracle.stft(x, p0=1, p1=1 + frames)) ** 2
    np.testing.assert_allclose(frame_power(x), expected.T, atol=1e-6 * expected.max())


def test_agrees_with_short_time_fft_of_frames_without_their_mean():
    x = receiver_noise(np.random.default_rng(1), recording_samples(1)) + 3
    oracle = ShortTimeFFT(get_window("hann", BINS), HOP, fs=1000.0, fft_mode="centered")
    starts = range(0, x.size - BINS + 1, HOP)
    frames = [x[start : start + BINS].astype(complex) for start in starts]
    expected = [np.abs(oracle.stft(frame - frame.mean(), p0=1, p1=2)[:, 0]) ** 2 for frame in frames]
    np.testing.assert_allclose(frame_power(x), expected, rtol=2e-3, atol=1e-3)


def test_clutter_falls_into_the_notch():
    still = 1000 * np.ones(recording_samples(2), dtype=np.complex64)
    assert frame_power(still).max() < 1


def test_noise_floor_is_what_noise_gives():
    noise = receiver_noise(np.random.default_rng(0), 200_000)
    np.testing.assert_allclose(frame_power(noise).mean(axis=0), noise_floor(), rtol=0.05)
    assert noise_floor()[32] == pytest.approx(8)  # 24 less the window's own mean


def test_floor_and_its_spread():
    rng = np.random.default_rng(0)
    raw = spectrogram(receiver_noise(rng, recording_samples(5)), noise_looks=9, rng=rng)
    assert raw.shape == (64, 64)
    away = np.delete(raw, [31, 32, 33], axis=0)
    assert away.mean() == pytest.approx(FLOOR, abs=10)
    assert 10 < away.std() < 16  # the source's figure


def test_twenty_units_a_decibel_and_gain():
    rng = np.random.default_rng(0)
    x = zero_mean_frames_signal(rng).astype(np.complex64)
    difference = spectrogram(10 * x).max() - spectrogram(x).max()
    assert difference == pytest.approx(400, abs=0.1)
    assert (spectrogram(x, gain_db=2.0) - spectrogram(x)).mean() == pytest.approx(40, abs=0.1)


def test_extra_looks_match_simulated_range_gates():
    rng = np.random.default_rng(0)
    samples = recording_samples(5)
    power = [frame_power(receiver_noise(rng, samples)).reshape(64, 5, 64).mean(axis=1)[:, :20] for _ in range(20)]
    spread = np.std(power) / np.mean(power)
    assert spread == pytest.approx(1 / np.sqrt(independent_frames(5)), rel=0.05)


def test_wrong_lengths_and_missing_rng_are_refused():
    with pytest.raises(ValueError, match="multiple of 64"):
        spectrogram(np.zeros(recording_samples(5) - HOP, dtype=np.complex64))
    with pytest.raises(ValueError, match="rng is needed"):
        spectrogram(np.zeros(recording_samples(1), dtype=np.complex64), noise_looks=1)
