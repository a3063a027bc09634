import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harlib.errors import HarlibError
from harlib.integer.requantize import (
    batch_norm_constants,
    dyadic,
    integer_batch_norm,
    product_range,
    requantize,
)
from integer.examples import half_up

MANTISSAS = [0.5, math.nextafter(0.5, 1), 0.75, 1 - 2**-20, math.nextafter(1, 0)]


@pytest.mark.parametrize("bits", range(2, 32))
@given(mantissa=st.one_of(st.sampled_from(MANTISSAS), st.floats(0.5, 1, exclude_max=True)), place=st.floats(0, 1))
def test_dyadic_keeps_its_relative_error(bits, mantissa, place):
    exponent = round(bits - 46 + place * 44)  # shifts 46..2
    real = math.ldexp(mantissa, exponent)
    multiplier, shift = dyadic(real, bits)
    assert 2 ** (bits - 1) <= multiplier < 2**bits
    assert 1 <= shift <= 46
    assert abs(Fraction(multiplier, 2**shift) - Fraction(real)) <= Fraction(real) / 2**bits


@given(st.integers(2, 31), st.floats(0, 2**30, exclude_max=True))
def test_dyadic_is_defined_for_every_size(bits, real):
    try:
        multiplier, shift = dyadic(real, bits)
    except HarlibError:
        assert real >= 2**30 * (1 - 2**-bits)
        return
    assert 0 <= multiplier < 2**31
    assert 1 <= shift <= 46
    error = abs(Fraction(multiplier, 2**shift) - Fraction(real))
    assert error <= max(Fraction(real) / 2**bits, Fraction(1, 2**47))


@pytest.mark.parametrize(
    ("real", "bits", "expected"),
    [
        (0.0, 16, (0, 1)),
        (1.0, 2, (2, 1)),
        (2.0, 2, (4, 1)),
        (3.3, 2, (6, 1)),
        (255 / 256, 2, (2, 1)),
        (2.0**-46, 16, (1, 46)),
        (2.0**-47, 16, (1, 46)),
        (2.0**-47 * 0.99, 16, (0, 46)),
        (5e-324, 31, (0, 46)),
    ],
)
def test_dyadic_at_its_edges(real, bits, expected):
    assert dyadic(real, bits) == expected


@pytest.mark.parametrize(("real", "bits"), [(-0.1, 8), (math.nan, 8), (math.inf, 8), (2.0**30, 8), (0.5, 1), (0.5, 32)])
def test_dyadic_refuses(real, bits):
    with pytest.raises(HarlibError, match=str(real) if bits == 8 else f"bits = {bits}"):
        dyadic(real, bits)


@given(
    st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=20),
    st.integers(0, 2**31 - 1),
    st.integers(1, 46),
    st.integers(0, 255),
    st.integers(0, 254),
    st.integers(1, 255),
)
def test_requantize_rounds_half_up_and_clamps(accumulators, multiplier, shift, zero_point, low, span):
    clamp = (low, min(255, low + span))
    if multiplier:  # the neighbours of a step, where rounding shows
        step = Fraction(2**shift, multiplier) * Fraction(clamp[0] - zero_point + 1, 1) - Fraction(
            2**shift, 2 * multiplier
        )
        accumulators += [a for a in (math.floor(step), math.ceil(step), math.ceil(step) + 1) if abs(a) < 2**23]
    found = requantize(np.array(accumulators, np.int32), multiplier, shift, zero_point, clamp)
    exact = [zero_point + half_up(a * Fraction(multiplier, 2**shift)) for a in accumulators]
    assert found.dtype == np.uint8
    assert found.tolist() == [min(max(code, clamp[0]), clamp[1]) for code in exact]


def test_requantize_takes_a_scale_a_channel():
    accumulator = np.arange(12, dtype=np.int32).reshape(1, 3, 4)
    found = requantize(accumulator, np.array([1, 2, 3])[:, None], np.array([1, 2, 1])[:, None], 0, (0, 255))
    assert found.tolist() == [[[0, 1, 1, 2], [2, 3, 3, 4], [12, 14, 15, 17]]]


@given(st.integers(-300, 300), st.integers(0, 300), st.integers(0, 99), st.integers(1, 9), st.integers(0, 255))
def test_product_range_is_exact(lower, width, multiplier, shift, zero_point):
    constant = zero_point * 2**shift + 2 ** (shift - 1)
    products = [a * multiplier for a in range(lower, lower + width + 1)]
    held = [constant, *products, *(product + constant for product in products)]
    low, high = product_range(lower, lower + width, multiplier, shift, zero_point)
    assert low == min(held)
    assert high == max(held)


def test_batch_norm_in_integers_stays_near_the_real_one():
    rng = np.random.default_rng(1)
    gamma, beta, mean = rng.normal(size=(3, 6))
    sigma = rng.uniform(0.5, 2, 6)
    unit, step = 0.01, 0.05
    accumulator = rng.integers(-1000, 1000, (2, 6, 3, 3)).astype(np.int32)
    constants = batch_norm_constants(gamma, beta, mean, sigma, unit, step, bits=16)
    assert ((constants.multiplier < 0) == (gamma < 0)).all()
    found = integer_batch_norm(accumulator, constants)
    factor = gamma / sigma
    real = (accumulator * unit - mean[:, None, None]) * factor[:, None, None] + beta[:, None, None]
    most = 0.5 * np.abs(factor) * unit / step + 0.5 + 0.5 + 0.02  # mean, beta, the rounding itself, the dyadic scale
    assert (np.abs(found - real / step) <= most[:, None, None]).all()
    for n, c, h, w in [(0, 0, 0, 0), (1, 5, 2, 1), (0, 3, 1, 1)]:
        centred = int(accumulator[n, c, h, w]) - int(constants.mean[c])
        scale = Fraction(int(constants.multiplier[c]), 2 ** int(constants.shift[c]))
        assert found[n, c, h, w] == constants.beta[c] + half_up(centred * scale)
