"""Step functions and counts of differing accumulators against going through every accumulator."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harlib.integer import exactness, oracle, proofs
from harlib.integer.model import load
from harlib.integer.requantize import dyadic, requantize
from harlib.integer.rounding import faithful_dyadic
from harlib.integer.steps import Requantization, differing, thresholds
from harlib.project import project_root
from integer.examples import half_up, inputs, models
from integer.test_oracle import GOLDEN
from integer.test_proofs import with_conv

PUBLISHED = [load(path) for path in sorted((project_root() / "reference" / "published" / "models").glob("*.json"))]


def code(accumulator, factor, channel):
    return min(max(channel.zero_point + half_up(accumulator * factor), channel.clamp[0]), channel.clamp[1])


channels = st.builds(
    lambda lower, width, zero_point, low, span: Requantization(
        (lower, lower + width), zero_point, (low, min(255, low + span))
    ),
    st.integers(-400, 300),
    st.integers(0, 500),
    st.integers(0, 255),
    st.integers(0, 254),
    st.integers(1, 255),
)
factors = st.one_of(st.just(Fraction(0)), st.fractions(0, 4, max_denominator=2**20), st.floats(0, 4).map(Fraction))


@settings(max_examples=100, deadline=None)
@given(factors, channels)
def test_thresholds_give_the_code_of_every_accumulator(factor, channel):
    found = list(thresholds(factor, channel))
    assert found == sorted(found)
    for accumulator in range(channel.interval[0], channel.interval[1] + 1):
        reached = sum(accumulator >= threshold for threshold in found)
        assert channel.clamp[0] + reached == code(accumulator, factor, channel)


@settings(max_examples=100, deadline=None)
@given(factors, factors, channels)
def test_a_count_is_that_of_every_accumulator(first, second, channel):
    tried = range(channel.interval[0], channel.interval[1] + 1)
    expected = sum(code(a, first, channel) != code(a, second, channel) for a in tried)
    assert differing(first, second, channel) == expected


@settings(max_examples=60, deadline=None)
@given(st.floats(0.001, 8), channels, st.integers(2, 24))
@example(7.0, Requantization((0, 2), 0, (15, 16)), 2)
def test_a_faithful_neighbour_is_taken_and_no_other(real, channel, bits):
    multiplier, shift = faithful_dyadic(Fraction(real), channel, bits)
    assert multiplier < 2 ** max(bits, 5)
    count = differing(Fraction(real), Fraction(multiplier, 2**shift), channel)
    nearest = dyadic(real, bits)
    if (multiplier, shift) == nearest:
        return
    assert count == 0
    assert differing(Fraction(real), Fraction(nearest[0], 2 ** nearest[1]), channel) > 0
    error = abs(Fraction(multiplier, 2**shift) - Fraction(real))
    assert error < Fraction(real) / 2 ** (bits - 1)
    if real < 2 ** (bits - 1):  # above, the shift is 1 and neighbours lie one half apart, whatever the bits
        assert error >= Fraction(real) / 2 ** (bits + 1)


def test_a_channel_whose_nearest_multiplier_is_not_faithful():
    """0.36 in 2 bits is 3/8, but four times 3/8 is 1.5, which rounds to 2; its other neighbour, 2/8, is right to 4."""
    real, channel = Fraction(0.36), Requantization((0, 4), 0, (0, 255))
    assert [code(a, real, channel) for a in range(7)] == [0, 0, 1, 1, 1, 2, 2]
    assert [code(a, Fraction(2, 8), channel) for a in range(7)] == [0, 0, 1, 1, 1, 1, 2]
    assert dyadic(0.36, 2) == (3, 3)
    assert faithful_dyadic(real, channel, 2) == (2, 3)
    assert faithful_dyadic(real, channel._replace(interval=(0, 3)), 2) == (3, 3)
    assert faithful_dyadic(real, channel._replace(interval=(0, 5)), 2) == (3, 3)  # neither is right everywhere


@pytest.mark.parametrize("fold", range(5))
def test_published_models_are_exact_from_24_bits_on(fold):
    counts = exactness.differences_by_bits(PUBLISHED[fold], [4, 10, 16, 24, 25, 26, 31])
    assert [bits for bits, count in counts.items() if count and bits >= 24] == []
    assert counts[4] > counts[10] > counts[16] > 0


def test_every_accumulator_of_a_published_model_is_counted():
    """The whole intervals of fold 1's convolutions, accumulator by accumulator, in integers of any size."""
    model = PUBLISHED[1]
    found = exactness.requantization_differences(model)
    bounds = proofs.accumulator_bounds(model)
    for layer in model.convolutions:
        counts = []
        for channel, real in enumerate(layer.real_multiplier):
            numerator, denominator = real.as_integer_ratio()
            lower, upper = int(bounds[layer.name].lower[channel]), int(bounds[layer.name].upper[channel])
            tried = range(lower, upper + 1)
            exact = np.array([(2 * a * numerator + denominator) // (2 * denominator) for a in tried])
            exact = np.clip(exact + layer.output_zero_point, *layer.clamp)
            scale = layer.multiplier[channel], layer.shift[channel]
            codes = requantize(np.array(tried), *scale, layer.output_zero_point, layer.clamp)
            counts.append(int((exact != codes).sum()))
            assert found[layer.name].total[channel] == len(tried)
        assert found[layer.name].differing.tolist() == counts


@settings(max_examples=10, deadline=None)
@given(models(), st.integers(9, 31))
def test_other_bits_change_nothing_but_the_multipliers(model, bits):
    changed = exactness.with_multiplier_bits(model, bits)
    for before, after in zip(model.convolutions, changed.convolutions, strict=True):
        assert before.model_copy(update={"multiplier": after.multiplier, "shift": after.shift}) == after
    expected = sum(
        int(exactness.requantization_differences(changed)[layer.name].differing.sum()) for layer in model.convolutions
    )
    assert exactness.differences_by_bits(model, [bits]) == {bits: expected}
    assert exactness.differences_by_bits(model, [bits], faithful=False)[bits] >= expected
    x = inputs(model, 1)
    if expected == 0:
        exact = exactness.with_multiplier_bits(model, 31)
        np.testing.assert_array_equal(oracle.run(changed, x), oracle.run(exact, x))


@settings(max_examples=20, deadline=None)
@given(models())
def test_powers_of_two_are_the_nearest_in_ratio_and_take_no_other_change(model):
    changed = exactness.with_powers_of_two(model)
    for before, after in zip(model.convolutions, changed.convolutions, strict=True):
        assert before.model_copy(update={"multiplier": after.multiplier, "shift": after.shift}) == after
        scales = zip(before.multiplier, before.shift, after.multiplier, after.shift, strict=True)
        for multiplier, shift, power, right in scales:
            assert multiplier == power == 0 or power.bit_count() == 1
            ratio = Fraction(power * 2**shift, max(1, multiplier) * 2**right)
            assert multiplier == 0 or Fraction(1, 2) <= ratio**2 <= 2 or power == 2**30  # the format has no greater one


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
    found = exactness.requantization_differences(model)["conv1"]
    assert found.differing.tolist() == [expected, 0]
    assert found.total.tolist() == (bounds.upper - bounds.lower + 1).tolist()


@pytest.mark.parametrize(("multiplier", "shift"), [(1, 3), (4, 5), (1001, 13)])
def test_pool_differences_are_those_of_every_sum(multiplier, shift):
    pool = GOLDEN.pool.model_copy(update={"multiplier": multiplier, "shift": shift})
    model = GOLDEN.model_copy(update={"layers": (GOLDEN.layers[0], pool, GOLDEN.linear)})
    bounds = proofs.accumulator_bounds(model)["pool"]
    sums = range(int(bounds.lower[0]), int(bounds.upper[0]) + 1)
    expected = sum(half_up(Fraction(s, 8)) != half_up(s * Fraction(multiplier, 2**shift)) for s in sums)
    assert exactness.requantization_differences(model)["pool"].differing.tolist() == [expected] * 2
    assert (expected > 0) == (multiplier == 1001)


def test_differences_of_a_wide_channel_take_no_loop():
    model = with_conv(multiplier=(1, 2), shift=(20, 1), real_multiplier=(2.0**-20 * 1.01, 1.0), bias=(2**22 - 1, 0))
    found = exactness.requantization_differences(model)["conv1"]
    bounds = proofs.accumulator_bounds(model)["conv1"]
    grid = np.arange(bounds.lower[0], bounds.upper[0] + 1)
    codes = [np.clip(5 + np.floor(grid * factor + 0.5), 5, 200) for factor in (2.0**-20 * 1.01, 2.0**-20)]
    assert found.differing[0] == (codes[0] != codes[1]).sum()
