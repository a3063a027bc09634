import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harlib.errors import HarlibError
from harlib.integer import oracle, proofs
from harlib.integer.layers import Conv2d
from harlib.integer.model import IntegerModel
from integer.examples import half_up, inputs, models
from integer.test_oracle import GOLDEN


def accumulators(layer, x):
    if isinstance(layer, Conv2d):
        return oracle.accumulate(layer, x)
    return oracle.linear(layer, x[:, :, 0, 0])[:, :, None, None]


@settings(max_examples=40, deadline=None)
@given(models())
def test_bounds_hold_and_are_attained(model):
    bounds = proofs.accumulator_bounds(model)
    flow, traced = inputs(model, 2), oracle.trace(model, inputs(model, 2))
    for layer in model.convolutions:
        found = oracle.accumulate(layer, flow)
        assert (found >= bounds[layer.name].lower[:, None, None]).all()
        assert (found <= bounds[layer.name].upper[:, None, None]).all()
        flow = traced[layer.name]
    assert (traced["linear"] >= bounds["linear"].lower).all()
    assert (traced["linear"] <= bounds["linear"].upper).all()
    for layer in (*model.convolutions, model.linear):
        for upper in (False, True):
            x, (row, column) = proofs.attaining_input(model, layer.name, 0, upper)
            found = accumulators(layer, x[None])[0, 0, row, column]
            assert found == (bounds[layer.name].upper if upper else bounds[layer.name].lower)[0]


def test_pool_bounds_are_those_of_constant_maps():
    bounds = proofs.accumulator_bounds(GOLDEN)["pool"]
    assert bounds.lower.tolist() == [8 * (5 - 5)] * 2
    assert bounds.upper.tolist() == [8 * (200 - 5)] * 2


def test_product_bounds_worked_out_by_hand():
    bounds = proofs.product_bounds(GOLDEN)
    # Accumulators -252..258 and -17..238; rounding constants 5 * 4 + 2 and 5 * 2 + 1.
    assert bounds["conv1"].lower.tolist() == [3 * -252, 2 * -17]
    assert bounds["conv1"].upper.tolist() == [3 * 258 + 22, 2 * 238 + 11]
    assert bounds["pool"].lower.tolist() == [0, 0]
    assert bounds["pool"].upper.tolist() == [1560 + 4] * 2
    assert proofs.fits_32_bits(GOLDEN)


def with_conv(**update) -> IntegerModel:
    conv = GOLDEN.convolutions[0].model_copy(update=update)
    return GOLDEN.model_copy(update={"layers": (conv, *GOLDEN.layers[1:])})


@pytest.mark.parametrize(
    ("multiplier", "shift", "fits"),
    [(8323570, 2, True), (8323580, 2, False), (1, 28, True), (1, 29, False)],  # 258 * m + 22; (5 << shift) + half
)
def test_32_bits_are_told_from_more(multiplier, shift, fits):
    assert proofs.fits_32_bits(with_conv(multiplier=(multiplier, 2), shift=(shift, 1))) == fits


@settings(max_examples=150, deadline=None)
@given(
    st.floats(0, 4),
    st.integers(0, 60),
    st.integers(1, 8),
    st.integers(-400, 300),
    st.integers(0, 255),
    st.integers(0, 254),
    st.integers(1, 255),
)
def test_differences_are_those_of_every_accumulator(real, multiplier, shift, bias, zero_point, low, span):
    clamp = (low, min(255, low + span))
    update = {"multiplier": (multiplier, 2), "shift": (shift, 1), "real_multiplier": (real, 1.0), "bias": (bias, 0)}
    model = with_conv(**update, output_zero_point=zero_point, clamp=clamp)
    bounds = proofs.accumulator_bounds(model)["conv1"]
    expected = 0
    for accumulator in range(int(bounds.lower[0]), int(bounds.upper[0]) + 1):
        exact, dyadic = (
            min(max(zero_point + half_up(accumulator * factor), clamp[0]), clamp[1])
            for factor in (Fraction(real), Fraction(multiplier, 2**shift))
        )
        expected += exact != dyadic
    found = proofs.requantization_differences(model)["conv1"]
    assert found.differing.tolist() == [expected, 0]
    assert found.total.tolist() == (bounds.upper - bounds.lower + 1).tolist()


@pytest.mark.parametrize(("multiplier", "shift"), [(1, 3), (4, 5), (1001, 13)])
def test_pool_differences_are_those_of_every_sum(multiplier, shift):
    pool = GOLDEN.pool.model_copy(update={"multiplier": multiplier, "shift": shift})
    model = GOLDEN.model_copy(update={"layers": (GOLDEN.layers[0], pool, GOLDEN.linear)})
    bounds = proofs.accumulator_bounds(model)["pool"]
    sums = range(int(bounds.lower[0]), int(bounds.upper[0]) + 1)
    expected = sum(half_up(Fraction(s, 8)) != half_up(s * Fraction(multiplier, 2**shift)) for s in sums)
    assert proofs.requantization_differences(model)["pool"].differing.tolist() == [expected] * 2
    assert (expected > 0) == (multiplier == 1001)


def test_zeros_of_constant_channels_are_counted_apart():
    assert proofs.constant_channels(GOLDEN) == {"conv1": []}
    assert dataclasses.astuple(proofs.zeros(GOLDEN)) == (1, 0, 8)
    model = with_conv(weight=((((1, -1),),), (((0, 0),),)))
    assert proofs.constant_channels(model) == {"conv1": [1]}
    assert dataclasses.astuple(proofs.zeros(model)) == (0, 2, 8)


@pytest.mark.parametrize(
    ("name", "channel", "named"),
    [("conv9", 0, "'conv9'.*conv1, pool, linear"), ("pool", 0, "pool"), ("conv1", 2, "0..1")],
)
def test_what_has_no_attaining_input_is_named(name, channel, named):
    with pytest.raises(HarlibError, match=named):
        proofs.attaining_input(GOLDEN, name, channel, True)


def test_differences_of_a_wide_channel_take_no_loop():
    model = with_conv(multiplier=(1, 2), shift=(20, 1), real_multiplier=(2.0**-20 * 1.01, 1.0), bias=(2**22 - 1, 0))
    found = proofs.requantization_differences(model)["conv1"]
    bounds = proofs.accumulator_bounds(model)["conv1"]
    grid = np.arange(bounds.lower[0], bounds.upper[0] + 1)
    codes = [np.clip(5 + np.floor(grid * factor + 0.5), 5, 200) for factor in (2.0**-20 * 1.01, 2.0**-20)]
    assert found.differing[0] == (codes[0] != codes[1]).sum()
