"""Dyadic scales a / 2^b: how a real factor becomes a multiplication and a shift.

Jacob et al. 2018 (arXiv 1712.05877), section 2.2, equation 6; Yao et al. 2021, HAWQ-V3 (arXiv 2011.10680), section 3.
Rounding is floor(x + 1/2), half up, everywhere. All products stay below 2^55, inside int64.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, Int64, Integer, UInt8

from harlib.errors import HarlibError

MULTIPLIER_LIMIT = 2**31  # exclusive
SHIFT_RANGE = (1, 46)


def dyadic(real: float, bits: int) -> tuple[int, int]:
    """Bring a real factor to multiplier / 2^shift.

    The multiplier has exactly `bits` bits, 2^(bits-1) <= multiplier < 2^bits, so its relative error is at most 2^-bits.
    Two kinds of values do not fit that and are still defined. From about 2^(bits-1) up, the shift would fall below 1:
    the rounded value is written with shift 1 and a longer multiplier, its error unchanged. Below 2^(bits-47), the shift
    would pass 46: the multiplier loses bits, with an absolute error of at most 2^-47, down to (0, 46). Zero is (0, 1).

    Args:
        real: the factor, 0 <= real < 2^30.
        bits: bits of the multiplier, 2..31.

    Raises:
        HarlibError: real is negative, not finite or at least 2^30; bits is outside 2..31.

    >>> dyadic(0.3, 8), 154 / 2**9
    ((154, 9), 0.30078125)
    >>> dyadic(1.0, 16)
    (32768, 15)
    """
    if not 2 <= bits <= 31:
        raise HarlibError(f"multiplier bits = {bits}: must be in 2..31")
    if not (math.isfinite(real) and real >= 0):
        raise HarlibError(f"real multiplier = {real}: must be finite and at least 0 (a sign belongs in the weights)")
    if real == 0:
        return 0, 1
    mantissa, exponent = math.frexp(real)
    bits = min(bits, SHIFT_RANGE[1] + exponent)
    if bits < 0:
        return 0, SHIFT_RANGE[1]
    multiplier = (int(mantissa * 2**53) + 2 ** (52 - bits)) >> (53 - bits)
    shift = bits - exponent
    if multiplier == 2**bits and bits > 0 and shift > SHIFT_RANGE[0]:
        multiplier, shift = multiplier // 2, shift - 1
    multiplier, shift = multiplier << max(0, SHIFT_RANGE[0] - shift), max(SHIFT_RANGE[0], shift)
    if multiplier >= MULTIPLIER_LIMIT:
        raise HarlibError(f"real multiplier = {real}: must be below 2^30 to fit 31 bits; look at the scales")
    return multiplier, shift


def other_neighbour(real: float, multiplier: int, shift: int) -> tuple[int, int] | None:
    """The dyadic number on the other side of `real`, one multiplier away; None if there is none.

    Its relative error is below 2^(1-bits), with the bits of `dyadic`'s multiplier.

    Args:
        real: the factor.
        multiplier, shift: what `dyadic` gave for it.

    >>> dyadic(0.3, 8), other_neighbour(0.3, 154, 9)
    ((154, 9), (153, 9))
    """
    nearest, exact = Fraction(multiplier, 2**shift), Fraction(real)
    if nearest == exact:
        return None
    other = multiplier + (1 if nearest < exact else -1)
    if multiplier and other.bit_length() > multiplier.bit_length() and shift > SHIFT_RANGE[0]:
        return other // 2, shift - 1  # a power of two, as short as the others
    return (other, shift) if other < MULTIPLIER_LIMIT else None


def requantize(
    accumulator: Integer[np.ndarray, "..."],
    multiplier: Integer[np.ndarray, "..."] | int,
    shift: Integer[np.ndarray, "..."] | int,
    output_zero_point: int,
    clamp: tuple[int, int],
) -> UInt8[np.ndarray, "..."]:
    """Bring accumulators to codes: output_zero_point + round-half-up(accumulator * multiplier / 2^shift), clamped.

    Written without a shift of a negative number, which C leaves to the compiler:
    t = accumulator * multiplier + (output_zero_point << shift) + 2^(shift - 1); code = clamp(max(0, t) >> shift).

    Args:
        accumulator: integers within signed 24 bits, any shape.
        multiplier: 0 <= multiplier < 2^31, one number or an array that broadcasts against `accumulator`.
        shift: 1..46, like `multiplier`.
        output_zero_point: the code of real 0, 0..255.
        clamp: lowest and highest code, 0 <= low < high <= 255.

    Returns:
        Codes of the accumulator's shape.

    >>> requantize(np.array([-9, 1, 2, 3, 999]), 1, 2, 10, (0, 255))
    array([  8,  10,  11,  11, 255], dtype=uint8)
    """
    shift = np.asarray(shift, np.int64)
    rounding = (np.int64(output_zero_point) << shift) + (np.int64(1) << (shift - 1))
    t: Int64[np.ndarray, " *shape"] = np.multiply(accumulator, multiplier, dtype=np.int64)
    t += rounding
    np.maximum(t, 0, out=t)
    t >>= shift
    np.clip(t, *clamp, out=t)
    codes: UInt8[np.ndarray, " *shape"] = t.astype(np.uint8)
    return codes


def product_range(lower: int, upper: int, multiplier: int, shift: int, output_zero_point: int) -> tuple[int, int]:
    """Bound everything that `requantize` holds before its shift, for accumulators in lower..upper.

    That is the product, the rounding constant (zero point included) and their sum t: an engine whose bounds stay
    below 2^31 in size needs no 64-bit number. Python integers, exact.

    >>> product_range(-100, 100, 3, 2, 1)
    (-300, 306)
    """
    constant = (output_zero_point << shift) + (1 << (shift - 1))
    return min(lower * multiplier, constant), max(upper * multiplier, 0) + constant


class BatchNormConstants(NamedTuple):
    """A stand-alone integer batch norm, one entry a channel; see `integer_batch_norm`."""

    mean: Int64[np.ndarray, " channels"]  # in accumulator units
    multiplier: Int64[np.ndarray, " channels"]  # signed: gamma's sign
    shift: Int64[np.ndarray, " channels"]
    beta: Int64[np.ndarray, " channels"]  # in output steps


def batch_norm_constants(
    gamma: Float64[np.ndarray, " channels"],
    beta: Float64[np.ndarray, " channels"],
    mean: Float64[np.ndarray, " channels"],
    sigma: Float64[np.ndarray, " channels"],
    accumulator_scale: float,
    output_scale: float,
    bits: int,
) -> BatchNormConstants:
    """Bring a trained batch norm to integers.

    Args:
        gamma, beta, mean: its parameters and running mean, real units.
        sigma: sqrt(running variance + epsilon), above 0.
        accumulator_scale: the real value of one accumulator unit (input scale * weight scale), above 0.
        output_scale: the real value of one output step, above 0.
        bits: bits of the dyadic multipliers, 2..31.
    """
    scales = [dyadic(float(real), bits) for real in np.abs(gamma) * accumulator_scale / (sigma * output_scale)]
    multiplier, shift = np.array(scales, np.int64).reshape(-1, 2).T
    return BatchNormConstants(
        mean=np.floor(mean / accumulator_scale + 0.5).astype(np.int64),
        multiplier=np.where(gamma < 0, -multiplier, multiplier),
        shift=shift,
        beta=np.floor(beta / output_scale + 0.5).astype(np.int64),
    )


def integer_batch_norm(
    accumulator: Int32[np.ndarray, "n channels h w"], constants: BatchNormConstants
) -> Int64[np.ndarray, "n channels h w"]:
    """Apply batch norm on its own: beta + round-half-up((accumulator - mean) * multiplier / 2^shift), in output steps.

    Here to show what folding saves: every value is read and written once more at 32 bits, with a subtraction and an
    addition of its own, and the mean and beta are rounded apart (two errors instead of the folded bias's one). The
    result still waits for its zero point and clamp. The shift of a negative number is a floor, as NumPy defines it.
    """
    mean, multiplier, shift, beta = (values[:, None, None] for values in constants)
    scaled = ((accumulator - mean) * multiplier + (np.int64(1) << (shift - 1))) >> shift
    steps: Int64[np.ndarray, "n channels h w"] = beta + scaled
    return steps
