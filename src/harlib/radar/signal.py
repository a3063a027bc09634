"""From moving scatterers to the radar's complex samples: x(t) = sum sqrt(rcs) / R^2 exp(+j 4 pi R / wavelength).

The sign is chosen so that an approaching scatterer (R falls) has a negative frequency; Chen 2011, The Micro-Doppler
Effect in Radar, chapter 2, has approach positive, the conjugate.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Complex, Float

LIGHT_M_S = 299_792_458.0
BLOCK = 8
"""Samples between two knots of the kinematics."""


def wavelength_m(carrier_ghz: float) -> float:
    """Wavelength in metres; 24.125 GHz gives 12.4 mm."""
    return LIGHT_M_S / (carrier_ghz * 1e9)


def knot_times(samples: int, pulse_rate_hz: float) -> Float[np.ndarray, " knots"]:
    """Times in seconds at which `echo` needs the ranges: each block's ends, and one knot beyond the recording's ends.

    Args:
        samples: length of the recording, a multiple of BLOCK.
        pulse_rate_hz: samples a second.
    """
    if samples % BLOCK:
        raise ValueError(f"samples = {samples}: must be a multiple of {BLOCK}")
    return (np.arange(samples // BLOCK + 3) - 1.0) * (BLOCK / pulse_rate_hz)


def paths(
    position: Float[np.ndarray, "3 points knots"],
    rcs: Float[np.ndarray, "points knots"],
    radar_height_m: float,
    floor_reflection: float = 0.0,
) -> tuple[Float[np.ndarray, "paths knots"], Float[np.ndarray, "paths knots"]]:
    """Range and amplitude of every way from the radar to a scatterer and back.

    Args:
        position: metres from the point on the floor below the radar.
        rcs: cross-sections, square metres.
        radar_height_m: height of the radar above the floor.
        floor_reflection: amplitude reflected by the floor, 0 (no floor) .. 1. The two ways with one bounce (out or
            back) are equally long and add up; two bounces are left out.

    Returns:
        half the way's length in metres, and sqrt(rcs) / R^2 (times twice the reflection for the floor's ways), in 1/m;
        `paths` is points without a floor, else twice as many.
    """
    x, y, z = position
    ground = x**2 + y**2
    strength = np.sqrt(rcs)
    direct = np.sqrt(ground + (z - radar_height_m) ** 2)
    if not floor_reflection:
        return direct, strength / direct**2
    image = np.sqrt(ground + (z + radar_height_m) ** 2)
    ranges = np.concatenate([direct, (direct + image) / 2])
    return ranges, np.concatenate([strength / direct**2, (2 * floor_reflection) * strength / (direct * image)])


def echo(
    range_m: Float[np.ndarray, "paths knots"], amplitude: Float[np.ndarray, "paths knots"], wavelength_m: float
) -> Complex[np.ndarray, " time"]:
    """Sum of amplitude * exp(+j 4 pi range / wavelength) at every sample, from ranges at `knot_times`.

    Between two knots the range is the parabola through both and their cubic midpoint, and the amplitude is geometric,
    so a sample is the one before times a phasor, and that phasor turns by a constant: three exponentials a block.

    Args:
        range_m: metres, at knots; float32 errs by half a thousandth of a radian at 10 m and 24 GHz.
        amplitude: above 0, at knots.
        wavelength_m: of the carrier.

    Returns:
        complex64 samples, BLOCK * (knots - 3) of them.
    """
    result = np.zeros((BLOCK, range_m.shape[1] - 3), dtype=np.complex64)
    # A few paths at a time stay in the cache.
    for first in range(0, range_m.shape[0], 8):
        part = slice(first, first + 8)
        _add_blocks(result, range_m[part], amplitude[part].astype(np.float32, copy=False), 2 / wavelength_m)
    return result.T.reshape(-1)


def _add_blocks(
    result: Complex[np.ndarray, "block blocks"],
    range_m: Float[np.ndarray, "paths knots"],
    amplitude: Float[np.ndarray, "paths knots"],
    turns_per_m: float,
) -> None:
    start, end = range_m[:, 1:-2], range_m[:, 2:-1]
    both = start + end
    middle = (9 * both - range_m[:, :-3] - range_m[:, 3:]) * (1 / 16)
    bend = (both - 2 * middle) * (2 * turns_per_m / BLOCK**2)
    slope = (end - start) * (turns_per_m / BLOCK) - bend * BLOCK
    # Whole turns go in float64: what float32 keeps of a phase of thousands of radians is too coarse.
    turns = start.astype(np.float64) * turns_per_m
    value = _phasor(turns - np.rint(turns))
    step = _phasor(slope + bend)
    turn = _phasor(2 * bend)
    value *= amplitude[:, 1:-2]
    growth = amplitude[:, 2:-1] / amplitude[:, 1:-2]
    for _ in range(BLOCK.bit_length() - 1):
        np.sqrt(growth, out=growth)
    step *= growth
    for sample in range(BLOCK):
        result[sample] += value.sum(axis=0)
        if sample < BLOCK - 1:
            value *= step
            step *= turn


def _phasor(turns: Float[np.ndarray, "paths blocks"]) -> Complex[np.ndarray, "paths blocks"]:
    # NumPy's float32 sine and cosine are vectorised; its complex exponential is about 20 times slower.
    angle = turns.astype(np.float32)
    angle *= np.float32(2 * np.pi)
    result = np.empty(angle.shape, dtype=np.complex64)
    np.cos(angle, out=result.real)
    np.sin(angle, out=result.imag)
    return result


def point_target(
    trajectory: Callable[[Float[np.ndarray, " knots"]], Float[np.ndarray, " knots"]],
    samples: int,
    pulse_rate_hz: float,
    wavelength_m: float,
    rcs_m2: float = 1.0,
) -> Complex[np.ndarray, " time"]:
    """Echo of one scatterer with any range over time, by the same code as a person's.

    Args:
        trajectory: seconds to range in metres.
        samples: length of the recording, a multiple of BLOCK.
        pulse_rate_hz: samples a second.
        wavelength_m: of the carrier.
        rcs_m2: cross-section in square metres.

    >>> x = point_target(lambda t: 3 - 1.0 * t, 1024, 1000.0, 0.0125)
    >>> bin = np.argmax(abs(np.fft.fft(x)))
    >>> print(f"{np.fft.fftfreq(1024, 0.001)[bin]:.0f} Hz")  # 2 v / wavelength, negative: it approaches
    -160 Hz
    """
    range_m = trajectory(knot_times(samples, pulse_rate_hz))[None]
    return echo(range_m, np.sqrt(rcs_m2) / range_m**2, wavelength_m)


def receiver_noise(rng: np.random.Generator, samples: int) -> Complex[np.ndarray, " time"]:
    """Circular white Gaussian noise of unit power, complex64."""
    return rng.standard_normal(2 * samples, dtype=np.float32).view(np.complex64) * np.float32(np.sqrt(0.5))
