"""The inner loops of the simulation, compiled: places, distances, beam, and phasors of many paths, in float32.

Plain IEEE arithmetic in a fixed order (no fast math), so the bits do not depend on the process or its vector width.
"""

import numba
import numpy as np
from jaxtyping import Float, Int

BLOCK = 8
"""Samples between two knots of the kinematics."""
LANES = 32
"""Blocks computed at a time."""


@numba.njit(cache=True, error_model="numpy")
def distance(
    x: Float[np.ndarray, " values"], y: Float[np.ndarray, " values"], z: Float[np.ndarray, " values"]
) -> Float[np.ndarray, " values"]:
    """Lengths of vectors, in the type of their parts."""
    result = np.empty_like(x)
    for k in range(x.size):
        result[k] = np.sqrt(x[k] * x[k] + y[k] * y[k] + z[k] * z[k])
    return result


@numba.njit(cache=True, error_model="numpy")
def beam_exponent(
    x: Float[np.ndarray, " values"],
    y: Float[np.ndarray, " values"],
    z: Float[np.ndarray, " values"],
    length: Float[np.ndarray, " values"],
    beam: Float[np.ndarray, "4"],
) -> Float[np.ndarray, " values"]:
    """Logarithm of the amplitude that a beam lets through toward vectors; see `harlib.radar.signal.Antenna.gain`.

    Args:
        x, y, z: parts of the vectors, float32 or float64.
        length: of the vectors.
        beam: falls across and up, then cosine and sine of the tilt; all of one type.
    """
    across, up, cosine, sine = beam
    result = np.empty_like(x)
    for k in range(x.size):
        ahead, aside = x[k] / length[k], y[k] / length[k]
        off = cosine * (z[k] / length[k]) + sine * ahead
        behind = x.dtype.type(3 if ahead < 0 else 0)
        result[k] = -across * (aside * aside) - up * (off * off) - behind
    return result


@numba.njit(cache=True, error_model="numpy")
def place_points(
    near: Float[np.ndarray, "3 segments time"],
    axes: tuple[Float[np.ndarray, "3 segments time"], ...],
    segment: Int[np.ndarray, " points"],
    along: Float[np.ndarray, "3 points"],
) -> Float[np.ndarray, "3 points time"]:
    """Places of points on segments: the near joint plus `along` times each of three axes, one after the other.

    Args:
        near: near joint of every segment, metres, float32.
        axes: of every segment, float32: joint to joint, the wide direction and the third one.
        segment: of each point.
        along: what each point takes of each axis, float32.
    """
    first, second, third = axes
    result = np.empty((3, segment.size, near.shape[2]), dtype=np.float32)
    for coordinate in range(3):
        for point in range(segment.size):
            of = segment[point]
            a, b, c = along[0, point], along[1, point], along[2, point]
            for k in range(near.shape[2]):
                result[coordinate, point, k] = (
                    near[coordinate, of, k]
                    + a * first[coordinate, of, k]
                    + b * second[coordinate, of, k]
                    + c * third[coordinate, of, k]
                )
    return result


@numba.njit(cache=True, inline="always")
def _half_turn(turns: np.float32) -> tuple[np.float32, np.float32]:
    """Sine and cosine of pi times a number in -1/2..1/2, by their Taylor series to float32's last bit or so."""
    angle = np.float32(np.pi) * turns
    square = angle * angle
    sine = np.float32(-1 / 39916800)
    sine = sine * square + np.float32(1 / 362880)
    sine = sine * square - np.float32(1 / 5040)
    sine = sine * square + np.float32(1 / 120)
    sine = sine * square - np.float32(1 / 6)
    sine = (sine * square + np.float32(1)) * angle
    cosine = np.float32(1 / 479001600)
    cosine = cosine * square - np.float32(1 / 3628800)
    cosine = cosine * square + np.float32(1 / 40320)
    cosine = cosine * square - np.float32(1 / 720)
    cosine = cosine * square + np.float32(1 / 24)
    cosine = cosine * square - np.float32(0.5)
    cosine = cosine * square + np.float32(1)
    return sine, cosine


@numba.njit(cache=True, error_model="numpy")
def sum_paths(
    range_m: Float[np.ndarray, "paths knots"], amplitude: Float[np.ndarray, "paths knots"], turns_per_m: float
) -> Float[np.ndarray, " values"]:
    """Real and imaginary parts of the sum over paths; see `harlib.radar.signal.echo`.

    Args:
        range_m: metres, float32 or float64, one knot beyond both ends; at least LANES + 3 knots.
        amplitude: above 0, float32.
        turns_per_m: turns of the phase a metre of range, 2 / wavelength.

    Returns:
        float32: real and imaginary part of each sample in turn.
    """
    paths, knots = range_m.shape
    blocks = knots - 3
    result = np.empty(2 * BLOCK * blocks, dtype=np.float32)
    # One flat buffer with constant offsets: the compiler can tell its rows apart and computes all lanes at once.
    total = np.empty(2 * BLOCK * LANES, dtype=np.float32)
    state = np.empty(6 * LANES, dtype=np.float32)
    two = np.float32(2)
    one = np.float32(1)
    bend_scale = np.float32(2 * turns_per_m / BLOCK**2)
    slope_scale = np.float32(turns_per_m / BLOCK)
    for chunk in range((blocks + LANES - 1) // LANES):
        base = min(chunk * LANES, blocks - LANES)  # the last one overlaps the one before
        total[:] = 0
        for path in range(paths):
            held = range_m[path, base : base + LANES + 3]
            strengths = amplitude[path, base : base + LANES + 3]
            for k in range(LANES):
                start, end = held[k + 1], held[k + 2]
                both = start + end
                middle = (np.float32(9) * both - held[k] - held[k + 3]) * np.float32(1 / 16)
                bend = np.float32(both - two * middle) * bend_scale
                slope = np.float32(end - start) * slope_scale - bend * np.float32(BLOCK)
                # Whole turns go in float64: what float32 keeps of a phase of thousands of radians is too coarse.
                turns = np.float64(start) * turns_per_m
                strength = strengths[k + 1]
                sine, cosine = _half_turn(np.float32(turns - np.rint(turns)))
                state[k] = (one - two * sine * sine) * strength
                state[LANES + k] = two * sine * cosine * strength
                growth = np.sqrt(np.sqrt(np.sqrt(strengths[k + 2] / strength)))
                first = slope + bend
                sine, cosine = _half_turn(first - np.rint(first))
                state[2 * LANES + k] = (one - two * sine * sine) * growth
                state[3 * LANES + k] = two * sine * cosine * growth
                second = two * bend
                sine, cosine = _half_turn(second - np.rint(second))
                state[4 * LANES + k] = one - two * sine * sine
                state[5 * LANES + k] = two * sine * cosine
            for i in range(BLOCK):
                row = 2 * i * LANES
                for k in range(LANES):
                    real, imaginary = state[k], state[LANES + k]
                    a, b = state[2 * LANES + k], state[3 * LANES + k]
                    c, d = state[4 * LANES + k], state[5 * LANES + k]
                    total[row + k] += real
                    total[row + LANES + k] += imaginary
                    state[k] = real * a - imaginary * b
                    state[LANES + k] = real * b + imaginary * a
                    state[2 * LANES + k] = a * c - b * d
                    state[3 * LANES + k] = a * d + b * c
        for k in range(LANES):
            for part in range(2 * BLOCK):
                result[2 * BLOCK * (base + k) + part] = total[part * LANES + k]
    return result
