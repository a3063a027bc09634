"""The inner loop of the simulation, compiled: phasors of many paths, block by block, in float32.

Plain IEEE arithmetic in a fixed order (no fast math), so the bits do not depend on the process or its vector width.
"""

import numba
import numpy as np
from jaxtyping import Float

BLOCK = 8
"""Samples between two knots of the kinematics."""
LANES = 32
"""Blocks computed at a time."""


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
