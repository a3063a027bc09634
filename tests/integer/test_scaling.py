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


def computed(form: Scaling, accumulator: int, clamp: tuple[int, int]) -> int:
    """What the C code does, with its widths checked."""
    if not form.short:
        t = accumulator * form.multiplier + form.addend
        width = 2**31 if form.kind == "signed" else 2**63
        assert max(map(abs, (t, accumulator * form.multiplier, form.addend))) < width
        code = min(max(t, 0) >> form.shift, 255)
    else:
        x = max(0, accumulator)
        x = (x if form.top is None else min(x, form.top)) << form.lift
        assert 0 <= form.multiplier < 2**15
        if form.kind == "rounded":
            code = (x * form.multiplier + 2**14) >> 15
            assert code == ((x * form.multiplier >> 14) + 1) >> 1
        else:
            code = x - (x * form.multiplier >> 16) + form.addend
            assert code < 2**15
            code >>= form.shift
        assert max(x, code) < 2**15
    code = max(code, clamp[0]) if form.floor else code
    return min(code, clamp[1]) if form.ceiling else code


def check(one: Channel, zero_point: int, clamp: tuple[int, int], accumulators: range) -> list[Scaling]:
    forms = scalings(one, zero_point, clamp)
    assert len({form.kind for form in forms}) == len(forms) > 0
    for form in forms:
        for accumulator in {*accumulators, one.lower, one.upper}:
            assert computed(form, accumulator, clamp) == exact(accumulator, one, zero_point, clamp), (form, accumulator)
    return forms


def test_most_channels_of_the_published_models_take_one_instruction_and_all_stay_in_16_bits():
    for path in MODELS:
        kinds = []
        for stage in plan(load(path)).convolutions:
            layer = stage.layer
            for one in stage.constants:
                middle = range(-20, 400)
                inside = range(max(middle.start, one.lower), min(middle.stop, one.upper) + 1)
                kinds.append(check(one, layer.output_zero_point, layer.clamp, inside)[0].kind)
        assert len(kinds) == 128
        assert set(kinds) <= {"rounded", "high"}
        assert kinds.count("rounded") > len(kinds) / 2


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**17), st.integers(1, 24), st.sampled_from([0, 0, 0, 3, 128, 255]),
    st.tuples(st.integers(-900, 300), st.integers(300, 3000)) | st.tuples(st.integers(-900, -99), st.integers(-99, 0)),
    st.sampled_from([(0, 255), (0, 200), (3, 255), (5, 6)]),
)  # fmt: skip
def test_every_form_is_exact_over_the_whole_interval(multiplier, shift, zero_point, bounds, clamp):
    one = channel(multiplier, shift, zero_point, bounds)
    check(one, zero_point, clamp, range(bounds[0], bounds[1] + 1))


@pytest.mark.parametrize(
    ("multiplier", "shift", "bounds", "zero_point", "kinds"),
    [
        (70000, 18, (-3000, 3000), 0, ["rounded", "high"]),  # 17 bits, more than the interval needs
        (40001, 18, (-3000, 3000), 0, ["high"]),  # too fine for a factor of 13 bits
        (40001, 16, (-300, 300), 10, ["signed"]),  # codes below the zero point tell negative accumulators apart
        (70001, 16, (-300, 300), 10, ["signed"]),
        (2**31 - 1, 31, (-300, 300), 10, ["wide"]),
    ],
)
def test_which_forms_are_chosen(multiplier, shift, bounds, zero_point, kinds):
    one = channel(multiplier, shift, zero_point, bounds)
    assert [form.kind for form in check(one, zero_point, (0, 255), range(*bounds))] == kinds


def test_an_accumulator_that_leaves_16_bits_has_no_short_form():
    one = channel(40001, 18, 0, (-300, 300))
    assert scalings(one, 0, (0, 255))[0].short
    assert not scalings(replace(one, narrow=False), 0, (0, 255))[0].short


def test_a_lifted_accumulator_is_cut_where_the_highest_code_begins():
    form = next(
        form for form in check(channel(50001, 16, 0, (-50, 20000)), 0, (0, 255), range(400)) if form.kind == "high"
    )
    assert form.top is not None
    assert not form.ceiling
