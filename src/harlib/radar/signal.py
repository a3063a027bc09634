"""From moving scatterers to the radar's complex samples: x(t) = sum sqrt(rcs) / R^2 exp(+j 4 pi R / wavelength).

The sign is chosen so that an approaching scatterer (R falls) has a negative frequency; Chen 2011, The Micro-Doppler
Effect in Radar, chapter 2, has approach positive, the conjugate.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from harlib.radar.blocks import BLOCK, LANES, beam_exponent, distance, sum_paths

LIGHT_M_S = 299_792_458.0


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


@dataclass(frozen=True)
class Antenna:
    """Where the radar stands and how its beam looks.

    Attributes:
        height_m: above the floor.
        tilt_deg: of the beam's axis below the horizon.
        beam_deg: half-power widths across and up, one way; None sees all around equally.
    """

    height_m: float
    tilt_deg: float = 0.0
    beam_deg: tuple[float, float] | None = None

    def gain(
        self,
        x: Float[np.ndarray, " values"],
        y: Float[np.ndarray, " values"],
        z: Float[np.ndarray, " values"],
        length: Float[np.ndarray, " values"],
    ) -> Float[np.ndarray, " values"]:
        """Amplitude that goes one way: a Gaussian in the sine of the angle off the axis, 1 on it.

        Args:
            x, y, z: parts of vectors from the radar, all of one type.
            length: of the vectors.
        """
        if self.beam_deg is None:
            return np.ones_like(x)
        tilt = np.deg2rad(self.tilt_deg)
        across, up = (np.log(2) / 2 / np.sin(np.deg2rad(width / 2)) ** 2 for width in self.beam_deg)
        beam = np.array([across, up, np.cos(tilt), np.sin(tilt)], dtype=np.float32).astype(x.dtype)
        exponent = beam_exponent(x, y, z, length, beam)
        return np.asarray(np.exp(exponent, out=exponent))


def paths(
    position: Float[np.ndarray, "3 points knots"],
    rcs: Float[np.ndarray, "points knots"],
    antenna: Antenna,
    floor_reflection: float = 0.0,
) -> tuple[Float[np.ndarray, "paths knots"], Float[np.ndarray, "paths knots"]]:
    """Range and amplitude of every way from the radar to a scatterer and back.

    Args:
        position: metres from the point on the floor below the radar.
        rcs: cross-sections, square metres.
        antenna: of the radar.
        floor_reflection: amplitude reflected by the floor, 0 (no floor) .. 1. The two ways with one bounce (out or
            back) are equally long and add up; two bounces are left out.

    Returns:
        half the way's length in metres, and sqrt(rcs) / R^2 times the beam (times twice the reflection for the floor's
        ways), in 1/m; `paths` is points without a floor, else twice as many.
    """
    x, y, z = position.reshape(3, -1)
    strength = np.sqrt(rcs).reshape(-1)
    above, below = z - antenna.height_m, -(z + antenna.height_m)
    direct = distance(x, y, above)
    one = antenna.gain(x, y, above, direct) / direct
    if not floor_reflection:
        return direct.reshape(rcs.shape), (strength * one**2).reshape(rcs.shape)
    image = distance(x, y, below)
    other = antenna.gain(x, y, below, image) / image
    strength *= one
    ranges = np.concatenate([direct, (direct + image) / 2])
    amplitudes = np.concatenate([strength * one, (2 * floor_reflection) * strength * other])
    return ranges.reshape(-1, rcs.shape[1]), amplitudes.reshape(-1, rcs.shape[1])


def room_paths(
    position: Float[np.ndarray, "3 points knots"],
    rcs: Float[np.ndarray, "points knots"],
    places: Float[np.ndarray, "3 places"],
    antenna: Antenna,
    reflection: float,
) -> tuple[Float[np.ndarray, "paths knots"], Float[np.ndarray, "paths knots"]]:
    """Ways that take the straight line to or from a scatterer and go by a place in the room on the other leg.

    Their Doppler is that of half the person's radial speed plus half the speed toward the place: with places all
    around, anything from zero to the direct line's.

    Args:
        position: metres from the point on the floor below the radar.
        rcs: cross-sections, square metres.
        places: where walls and furniture reflect, metres.
        antenna: of the radar.
        reflection: amplitude at a place, 0..1, relative to a mirror there.

    Returns:
        half the way's length in metres, and the amplitude in 1/m, each place's points after another.
    """
    x, y, z = position.reshape(3, -1)
    z = z - np.float32(antenna.height_m)
    direct = distance(x, y, z)
    one = antenna.gain(x, y, z, direct) / direct * np.sqrt(rcs).reshape(-1) * np.float32(2 * reflection)
    ranges, amplitudes = [], []
    for place in places.T:
        there = (place - (0.0, 0.0, antenna.height_m))[:, None]
        a, b, c = there.astype(np.float32)
        to_radar = np.sqrt(there.T @ there)[0]
        back = np.float32(to_radar) + distance(x - a, y - b, z - c)
        ranges.append((direct + back) / 2)
        gain = antenna.gain(there[0], there[1], there[2], to_radar)
        amplitudes.append(one * gain.astype(np.float32) / back)
    return np.concatenate(ranges).reshape(-1, rcs.shape[1]), np.concatenate(amplitudes).reshape(-1, rcs.shape[1])


def echo(
    range_m: Float[np.ndarray, "paths knots"], amplitude: Float[np.ndarray, "paths knots"], wavelength_m: float
) -> Complex[np.ndarray, " time"]:
    """Sum of amplitude * exp(+j 4 pi range / wavelength) at every sample, from ranges at `knot_times`.

    Between two knots the range is the parabola through both and their cubic midpoint, and the amplitude is geometric,
    so a sample is the one before times a phasor, and that phasor turns by a constant: three exponentials a block.

    Args:
        range_m: metres, at knots; float32 errs by half a thousandth of a radian at 10 m and 24 GHz.
        amplitude: 0 or more, at knots; below 1e-30 it counts as that, since from 0 nothing grows geometrically.
        wavelength_m: of the carrier.

    Returns:
        complex64 samples, BLOCK * (knots - 3) of them.
    """
    short = max(LANES + 3 - range_m.shape[1], 0)
    ranges, strengths = (
        np.pad(part, ((0, 0), (0, short)), mode="edge") if short else part for part in (range_m, amplitude)
    )
    ranges, strengths = np.ascontiguousarray(ranges), np.maximum(strengths, 1e-30, dtype=np.float32, order="C")
    samples = sum_paths(ranges, strengths, 2 / wavelength_m).view(np.complex64)
    return np.asarray(samples[: BLOCK * (range_m.shape[1] - 3)])


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


def convert(iq: Complex[np.ndarray, " time"], bits: int, full_scale_db: float) -> Complex[np.ndarray, " time"]:
    """What an analog-to-digital converter makes of the samples: steps, and saturation at its full scale.

    Args:
        iq: samples in units of the receiver noise's rms.
        bits: of each of the two converters, for I and for Q; 0 changes nothing.
        full_scale_db: greatest magnitude of I or Q over the noise's rms, dB.

    >>> convert(np.array([0.3 + 0.8j, 9.0 - 0.2j]), 2, 0.0)
    array([0.25+0.75j, 0.75-0.25j])
    """
    if not bits:
        return iq
    parts = np.ascontiguousarray(iq).view(iq.real.dtype)
    step = parts.dtype.type(2 * 10 ** (full_scale_db / 20) / 2**bits)
    levels = np.clip(np.floor(parts / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return np.asarray(((levels + parts.dtype.type(0.5)) * step).view(iq.dtype))
