"""Two pixels in a word: where the columns lie, and when sums do not fit a lane."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from harlib.integer import oracle
from harlib.integer.c import compact
from harlib.integer.c.lanes import lanes
from harlib.integer.c.layout import Map, maps
from harlib.integer.c.packed import context
from harlib.integer.c.plan import plan, ring_rows
from harlib.integer.c.source import sources
from harlib.integer.model import load, parse
from harlib.project import project_root

from .examples import inputs, models
from .test_c import SANITIZE, build, logits, needs_compiler

PUBLISHED = project_root() / "reference" / "published" / "models" / "fold0.json"


def wide_model(channels=260, rows=2, columns=5, multiplier=3, shift=10, weight=None):
    """A 1 x 1 convolution with many channels, whose sums leave 16 bits; its second output has few terms."""
    weight = weight or [[[[1]]] * channels, [[[(-1) ** (i % 2) if i < 9 else 0]] for i in range(channels)]]
    conv = {
        "op": "conv2d", "name": "conv", "in_channels": channels, "out_channels": 2, "groups": 1, "kernel": [1, 1],
        "stride": [1, 1], "padding": [0, 0], "weight": weight, "bias": [-30000, 5], "input_zero_point": 7,
        "multiplier": [multiplier] * 2, "shift": [shift] * 2, "output_zero_point": 3, "clamp": [2, 250],
        "weight_scale": 1.0, "real_multiplier": [multiplier / 2**shift] * 2, "output_scale": 1.0,
    }  # fmt: skip
    count = rows * columns
    pool = {"op": "global_average_pool", "name": "pool", "count": count, "multiplier": round(2**20 / count)}
    linear = {
        "op": "linear", "name": "linear", "in_features": 2, "out_features": 2, "weight": [[1, -1], [0, 1]],
        "bias": [0, 1], "input_zero_point": 3, "weight_scale": 1.0, "logit_scale": 1.0,
    }  # fmt: skip
    head = {"format": "harlib-integer", "version": 1, "classes": ["a", "b"]}
    source = {"shape": [channels, rows, columns], "low": 0.0, "high": 1.0, "scale": 1.0, "zero_point": 7}
    layers = [conv, pool | {"shift": 20, "input_zero_point": 3}, linear]
    return parse(json.dumps(head | {"input": source, "layers": layers}))


def methods(model):
    numbers = plan(model)
    return context(numbers, ring_rows(numbers.stages, 1))["methods"]


@settings(max_examples=50, deadline=None)
@given(models())
def test_every_column_that_a_tap_reads_stands_where_it_looks(model):
    stages = plan(model).stages
    layout = maps(stages)
    for stage, own, after in zip(stages[:-1], layout[:-1], layout[1:], strict=True):
        held = {word: (low, high) for word, low, high in own.seams}
        for out in range(after.made):
            for tap in range(stage.kernel[1]):
                word = stage.stride[1] * out + tap - stage.padding[1]
                assert -own.margin <= word < own.step - own.margin
                for lane, column in enumerate((out, out + after.distance)):
                    wanted = column * stage.stride[1] + tap - stage.padding[1]
                    if column >= after.width:
                        continue
                    if stage.index == 0:  # `spread` puts each half where `segments` says
                        assert wanted == word + lane * own.distance
                    elif word in held or not 0 <= word < own.made:
                        source = held.get(word, (None, None))[lane]
                        assert source == own.source(wanted)
                    else:
                        assert wanted == word + lane * own.distance
                        assert wanted < own.width


@settings(max_examples=50, deadline=None)
@given(models())
def test_words_that_no_row_writes_are_filled_beforehand(model):
    for own in maps(plan(model).stages):
        written = [*range(own.made), *(word for word, _, _ in own.seams)]
        unwritten = set(range(-own.margin, own.step - own.margin)).difference(written)
        assert own.still == bool(unwritten)
        for word in unwritten:
            assert own.source(word) is None
            assert own.source(word + own.distance) is None


def test_rows_with_a_word_of_padding_alone_are_filled_and_others_are_not():
    narrow = Map(width=2, distance=1, made=1, margin=2, step=5)
    assert narrow.still
    assert narrow.seams[0][0] == -1  # the word before it is padding in both halves
    assert not any(own.still for own in maps(plan(load(PUBLISHED)).stages)[1:])
    assert "fill(state->rows" not in sources(load(PUBLISHED), "packed")["harlib_model.c"]


def test_a_published_model_keeps_both_lanes_together_in_32_bits():
    for channels in methods(load(PUBLISHED)):
        assert all(method.together and not method.wide for method in channels)
    assert compact.fits(plan(load(PUBLISHED)))


@pytest.mark.parametrize("clamp", [(0, 255), (9, 200)])
def test_bounds_of_a_lane_hold_for_every_mixture_of_codes(clamp):
    numbers = plan(load(PUBLISHED))
    rng = np.random.default_rng(0)
    short = 0
    for channel in numbers.channels:
        method = lanes(channel, (0, 255), 0, clamp)
        short += method.short
        signs = np.array([sign for sign, *_ in channel.terms], np.int64)
        codes = rng.choice([0, 255], (200, len(signs)))
        codes[:2] = np.where(signs > 0, 255, 0), np.where(signs > 0, 0, 255)
        u = method.start + codes @ signs
        assert u.min() >= 0
        assert u.max() < (2**15 if method.short else 2**16)
        assert np.abs(u * method.multiplier + method.constant).max() < 2**31
        acc = channel.start + codes @ signs
        exact = np.clip((acc * channel.multiplier + channel.constant) >> channel.shift, *clamp)
        found = (u * method.multiplier + method.constant) >> method.shift
        assert method.floor or found.min() >= clamp[0]
        assert method.ceiling or found.max() <= clamp[1]
        np.testing.assert_array_equal(np.clip(found, *clamp), exact)
    assert short > len(numbers.channels) / 2


@settings(max_examples=100, deadline=None)
@given(models())
def test_a_short_line_gives_every_accumulator_its_code(model):
    """By brute force over the proven interval, in Python's own integers."""
    for stage, channels in zip(plan(model).convolutions, methods(model), strict=True):
        layer = stage.layer
        for channel, method in zip(stage.constants, channels, strict=True):
            if not method.short:
                continue
            assert method.multiplier < 2**15
            ends = range(channel.lower, channel.upper + 1)
            for acc in ends if len(ends) < 3000 else (*ends[:1500], *ends[-1500:]):
                t = acc * channel.multiplier + channel.constant
                exact = min(max(max(0, t) >> channel.shift, layer.clamp[0]), layer.clamp[1])
                line = (acc - channel.start + method.start) * method.multiplier + method.constant
                assert abs(line) < 2**31
                code = line >> method.shift
                assert min(max(code, layer.clamp[0]), layer.clamp[1]) == exact
                assert method.floor or code >= layer.clamp[0]
                assert method.ceiling or code <= layer.clamp[1]


def test_no_line_is_found_where_none_is_right():
    """A multiplier of 16 bits whose codes change at more places than 15 bits can follow."""
    channel = next(c for c in plan(load(PUBLISHED)).channels if c.multiplier == 34351)
    assert not lanes(channel, (0, 255), 0, (0, 255)).short


@needs_compiler
@pytest.mark.parametrize("backend", ["packed", "compact"])
@pytest.mark.parametrize("multiplier", [3, 2**31 - 1])
def test_sums_that_leave_a_lane_are_formed_apart(multiplier, backend, tmp_path):
    model = wide_model(multiplier=multiplier, shift=10 if multiplier == 3 else 38)
    (found,) = methods(model)
    assert [method.together for method in found] == [False, True]
    assert [method.wide for method in found] == [multiplier > 3, False]  # the second has a short line
    assert not compact.fits(plan(model))
    x = np.concatenate([inputs(model, 20), np.zeros((1, *model.input.shape), np.uint8)])
    x = np.concatenate([x, np.full((1, *model.input.shape), 255, np.uint8)])
    lines = logits(build(model, backend, tmp_path, flags=["-O0", *SANITIZE[1:]]), x)
    assert [[int(value) for value in line[1:]] for line in lines] == oracle.run(model, x).tolist()


@needs_compiler
@pytest.mark.parametrize("columns", [1, 4, 7])
def test_a_map_too_high_for_sums_in_lanes_is_exact(columns, tmp_path):
    model = wide_model(channels=2, rows=300, columns=columns, multiplier=100, weight=[[[[1]], [[1]]], [[[0]], [[1]]]])
    x = np.concatenate([inputs(model, 4), np.full((1, *model.input.shape), 255, np.uint8)])
    lines = logits(build(model, "packed", tmp_path, flags=["-O0", *SANITIZE[1:]]), x)
    assert [[int(value) for value in line[1:]] for line in lines] == oracle.run(model, x).tolist()


@needs_compiler
@pytest.mark.parametrize("backend", ["packed", "compact", "fast"])
def test_a_long_shift_that_a_bias_makes_look_short_is_exact(backend, tmp_path):
    fields = json.loads(wide_model(channels=2, weight=[[[[1]], [[1]]], [[[1]], [[-1]]]]).model_dump_json())
    fields["layers"][0] |= {"bias": [-1000000] * 2, "multiplier": [2000] * 2, "shift": [32] * 2}
    fields["layers"][0] |= {"output_zero_point": 0, "clamp": [0, 250]}
    for layer in fields["layers"][1:]:
        layer["input_zero_point"] = 0
    model = parse(json.dumps(fields))
    x = inputs(model, 20)
    lines = logits(build(model, backend, tmp_path), x)
    assert [[int(value) for value in line[1:]] for line in lines] == oracle.run(model, x).tolist()
