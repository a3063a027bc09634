"""Each form in which `fast` requantizes gives the exact code, by its documented formula, against fractions."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harlib.integer.c.plan import Channel, plan
from harlib.integer.c.scaling import Scaling, scalings
from harlib.integer.model import load

MODELS = sorted((Path(__file__).resolve().parents[2] / "reference" / "published" / "models").glob("fold*.json"))


def channel(multiplier: int, shift: int, zero_point: int, bounds: tuple[int, int]) -> Channel:
    constant = (zero_point << shift) + (1 << (shift - 1))
    reach = max(max(map(abs, bounds)) * multiplier, constant) + constant
    return Channel(0, constant, multiplier, shift, *bounds, max(map(abs, bounds)) < 2**15, reach >= 2**31, ())


def exact(accumulator: int, one: Channel, zero_point: int, clamp: tuple[int, int]) -> int:
    code = zero_point + math.floor(Fraction(accumulator * one.multiplier, 2**one.shift) + Fraction(1, 2))
    return min(max(code, clamp[0]), clamp[1])


def rounded(value: int, bits: int) -> int:
    return math.floor(Fraction(value, 2**bits) + Fraction(1, 2))


def short(form: Scaling, accumulator: int) -> int:
    """What the C code of a short form does, with its widths checked."""
    x = (accumulator + form.addend) * 2**form.lift
    assert -(2**15) < x < 2**15
    assert 0 <= form.multiplier < (2**16 if form.kind == "high" else 2**15)
    if form.kind == "shifted":
        code = max(x, 0) >> form.shift
    elif form.kind == "rounded":
        code = rounded(max(x, 0) * form.multiplier, 15)
    elif form.kind == "averaged":
        code = rounded(max(x * form.multiplier >> 16, 0), 1)
    else:
        high = max(x, 0) * form.multiplier >> 16
        assert high + 2 ** (form.shift - 1) < 2**15  # the sum and the other way, a rounded product by a power of two
        code = rounded(high, form.shift)
        assert code == rounded(high * 2 ** (15 - form.shift), 15)
        assert 2 ** (15 - form.shift) < 2**15
    assert 0 <= code < 2**15
    return code


def computed(form: Scaling, accumulator: int, clamp: tuple[int, int]) -> int:
    if form.short:
        code = short(form, accumulator)
    else:
        t = accumulator * form.multiplier + form.addend
        width = 2**31 if form.kind == "signed" else 2**63
        assert max(map(abs, (t, accumulator * form.multiplier, form.addend))) < width
        code = min(max(t, 0) >> form.shift, 255)
    code = max(code, clamp[0]) if form.floor else code
    return min(code, clamp[1]) if form.ceiling else code


def check(one: Channel, zero_point: int, clamp: tuple[int, int], accumulators: range) -> tuple[Scaling, Scaling]:
    forms = scalings(one, zero_point, clamp)
    for form in forms:
        for accumulator in {*accumulators, one.lower, one.upper}:
            assert computed(form, accumulator, clamp) == exact(accumulator, one, zero_point, clamp), (form, accumulator)
    assert forms[1].kind != "rounded"
    return forms


def test_most_channels_of_the_published_models_take_one_product_and_all_stay_in_16_bits():
    for path in MODELS:
        found = []
        for stage in plan(load(path)).convolutions:
            layer = stage.layer
            for one in stage.constants:
                middle = range(-20, 400)
                inside = range(max(middle.start, one.lower), min(middle.stop, one.upper) + 1)
                found.append(check(one, layer.output_zero_point, layer.clamp, inside))
        assert len(found) == 128
        assert all(form.short for forms in found for form in forms)
        assert sum(one.kind == "rounded" for one, _ in found) > len(found) / 2
        assert sum(several.kind == "averaged" for _, several in found) > len(found) / 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**17) | st.sampled_from([2**n for n in range(18)]), st.integers(1, 24),
    st.sampled_from([0, 0, 0, 3, 128, 255]),
    st.tuples(st.integers(-900, 300), st.integers(300, 3000)) | st.tuples(st.integers(-900, -99), st.integers(-99, 0)),
    st.sampled_from([(0, 255), (0, 200), (3, 255), (5, 6)]),
)  # fmt: skip
def test_every_form_is_exact_over_the_whole_interval(multiplier, shift, zero_point, bounds, clamp):
    one = channel(multiplier, shift, zero_point, bounds)
    check(one, zero_point, clamp, range(bounds[0], bounds[1] + 1))


@pytest.mark.parametrize(
    ("multiplier", "shift", "bounds", "zero_point", "kinds"),
    [
        (70000, 18, (-3000, 3000), 0, ["rounded", "averaged"]),  # 17 bits, more than the interval needs
        (40002, 18, (-3000, 3000), 0, ["averaged", "averaged"]),  # 15 bits, but too fine for "rounded"
        (40001, 18, (-3000, 3000), 0, ["high", "high"]),  # all 16 bits of the multiplier tell
        (2**14, 18, (-3000, 3000), 0, ["shifted", "shifted"]),  # a power of two
        (2**14, 18, (-3000, 3000), 10, ["shifted", "shifted"]),
        (40001, 16, (-300, 300), 10, ["signed", "signed"]),  # codes below the zero point tell negative sums apart
        (70001, 16, (-300, 300), 10, ["signed", "signed"]),
        (2**31 - 1, 31, (-300, 300), 10, ["wide", "wide"]),
    ],
)
def test_which_forms_are_chosen(multiplier, shift, bounds, zero_point, kinds):
    one = channel(multiplier, shift, zero_point, bounds)
    assert [form.kind for form in check(one, zero_point, (0, 255), range(*bounds))] == kinds


def test_an_accumulator_that_leaves_16_bits_has_no_short_form():
    one = channel(40001, 18, 0, (-300, 300))
    assert scalings(one, 0, (0, 255))[0].short
    assert not scalings(replace(one, narrow=False), 0, (0, 255))[0].short


def test_a_lift_that_leaves_16_bits_makes_no_short_form():
    assert check(channel(50001, 16, 0, (-50, 3000)), 0, (0, 255), range(400))[1].short
    assert not check(channel(50001, 16, 0, (-50, 32000)), 0, (0, 255), range(400))[1].short


def test_a_start_that_a_moved_one_would_take_over_16_bits_is_not_shifted():
    one = replace(channel(2, 12, 0, (-300, 300)), start=2**15 - 1000)
    assert scalings(one, 0, (0, 255))[0].kind != "shifted"
    assert scalings(replace(one, start=0), 0, (0, 255))[0].kind == "shifted"
