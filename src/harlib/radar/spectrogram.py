"""From complex samples to a 64 x 64 picture of raw log magnitudes, Doppler down and time across."""

from typing import Literal

import numpy as np
import scipy.fft
from jaxtyping import Complex, Float

BINS = 64
"""Doppler bins, and samples in a frame's Hann window."""
HOP = 32
COLUMNS = 64
FLOOR = 2500.0
"""Mean raw value of receiver noise."""
UNITS_PER_DB = 20.0

Window = Literal["hann", "hamming", "blackman", "boxcar"]
ClutterRemoval = Literal["frame", "recording", "none"]
_COSINES: dict[str, tuple[float, ...]] = {
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "boxcar": (1.0,),
}


def taper(window: Window) -> Float[np.ndarray, "64"]:
    """The periodic window of a name; each is a sum of cosines."""
    turn = 2 * np.pi * np.arange(BINS) / BINS
    return np.asarray(sum((-1) ** k * weight * np.cos(k * turn) for k, weight in enumerate(_COSINES[window])))


WINDOW = taper("hann")


def recording_samples(frames_per_column: int, hop: int = HOP) -> int:
    """Samples that COLUMNS columns need.

    >>> recording_samples(5)
    10272
    """
    return (COLUMNS * frames_per_column - 1) * hop + BINS


def doppler_hz(pulse_rate_hz: float) -> Float[np.ndarray, "64"]:
    """Doppler frequency of each row: row 0 is -pulse_rate_hz / 2 (approaching), row 32 is 0."""
    return (np.arange(BINS) - BINS // 2) * (pulse_rate_hz / BINS)


def frame_power(
    iq: Complex[np.ndarray, " time"],
    *,
    window: Window = "hann",
    hop: int = HOP,
    clutter_removal: ClutterRemoval = "frame",
) -> Float[np.ndarray, "frames 64"]:
    """Power of every frame's short-time Fourier transform, Doppler rising along the second axis.

    Args:
        iq: complex samples; frames are BINS long and `hop` apart, without padding.
        window: that each frame is multiplied by.
        hop: samples from frame to frame.
        clutter_removal: "frame" takes off each frame's mean before the window: what stands still falls out, at the
            price of a notch at 0 Hz. "recording" takes off the mean of all samples: what drifts stays. "none".
    """
    if clutter_removal == "recording":
        iq = iq - iq.mean(dtype=np.complex128).astype(iq.dtype)
    frames = np.lib.stride_tricks.sliding_window_view(iq, BINS)[::hop]
    weights = taper(window).astype(iq.real.dtype)
    moving = (frames - frames.mean(axis=1, keepdims=True) if clutter_removal == "frame" else frames) * weights
    spectrum = scipy.fft.fft(moving, axis=1, overwrite_x=True)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(scipy.fft.fftshift(power, axes=1))


def noise_floor(window: Window = "hann", clutter_removal: ClutterRemoval = "frame") -> Float[np.ndarray, "64"]:
    """Mean `frame_power` of white noise of unit power: lower at 0 Hz and beside it where frames lose their mean."""
    weights = taper(window)
    leak = scipy.fft.fftshift(np.abs(scipy.fft.fft(weights)) ** 2 / BINS)
    return np.asarray((weights**2).sum() - (leak if clutter_removal == "frame" else 0 * leak))


def spectrogram(
    iq: Complex[np.ndarray, " time"],
    *,
    gain_db: float = 0.0,
    noise_looks: int = 0,
    rng: np.random.Generator | None = None,
    window: Window = "hann",
    hop: int = HOP,
    clutter_removal: ClutterRemoval = "frame",
) -> Float[np.ndarray, "64 64"]:
    """Raw log magnitudes: FLOOR + 20 a dB of power over the noise.

    Args:
        iq: complex samples in units of the receiver noise's rms; `recording_samples(frames_per_column)` of them.
        gain_db: gain of the receiver, added to everything.
        noise_looks: range gates with noise only whose power is added: they steady the floor. Each column's sum over
            frames is a gamma variable, drawn as such.
        rng: source of the noise looks; needed if there are any.
        window, hop, clutter_removal: see `frame_power`.

    Returns:
        values of about 2,450 to 3,400; row 0 is -pulse rate / 2, row 32 is 0 Hz, columns are time.
    """
    power = frame_power(iq, window=window, hop=hop, clutter_removal=clutter_removal)
    per_column = len(power) // COLUMNS
    if per_column * COLUMNS != len(power) or not per_column:
        raise ValueError(f"{iq.size} samples make {len(power)} frames: a multiple of {COLUMNS} is needed")
    column = power.reshape(COLUMNS, per_column, BINS).mean(axis=1)
    if noise_looks:
        if rng is None:
            raise ValueError(f"noise_looks = {noise_looks}: an rng is needed to draw them")
        shape = noise_looks * independent_frames(per_column, window, hop)
        looks = rng.standard_gamma(shape, size=column.shape) / shape * noise_floor(window, clutter_removal)
        column = (column + noise_looks * looks) / (1 + noise_looks)
    relative = column / (taper(window) ** 2).sum()
    # The notch of a recording without noise is empty; its logarithm must stay finite.
    decibel = 10 * np.log10(np.maximum(relative, 1e-6)) + gain_db
    return np.asarray((FLOOR + UNITS_PER_DB * decibel).T)


def independent_frames(frames: int, window: Window = "hann", hop: int = HOP) -> float:
    """Independent noise powers that a mean over overlapping frames is worth (Welch 1967).

    >>> independent_frames(1), round(independent_frames(5), 2)
    (1.0, 4.79)
    """
    weights = taper(window)
    variance = 1.0
    for lag in range(1, min(frames, -(-BINS // hop))):
        correlation = ((weights[lag * hop :] * weights[: BINS - lag * hop]).sum() / (weights**2).sum()) ** 2
        variance += 2 * correlation * (frames - lag) / frames
    return float(frames / variance)
