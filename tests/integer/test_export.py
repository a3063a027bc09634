import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from harlib.errors import HarlibError
from harlib.integer import exactness, oracle, proofs
from harlib.integer.export import build
from harlib.integer.folded import FoldedConv, FoldedLinear
from harlib.integer.model import Input, load, save
from harlib.integer.requantize import dyadic
from harlib.integer.rounding import dyadic_scale, integer_conv
from harlib.integer.steps import Requantization

INPUT = Input(shape=(1, 16, 16), low=2470.0, high=3380.0, scale=0.02, zero_point=3)


def folded_conv(rng, name, out, channels, kernel, *, stride=(1, 1), padding=(0, 0), groups=1, zero_points=(3, 0)):
    weight = rng.integers(-1, 2, (out, channels // groups, *kernel)).astype(np.int8)
    return FoldedConv(
        name=name,
        weight=weight,
        real_multiplier=rng.uniform(0.3, 1.5, out) / math.sqrt(weight[0].size),
        offset=rng.uniform(-30, 60, out),
        stride=stride,
        padding=padding,
        groups=groups,
        input_zero_point=zero_points[0],
        output_scale=0.03,
        output_zero_point=zero_points[1],
        clamp=(zero_points[1], 255),
        weight_scale=0.4,
    )


def folded_network(seed=0, zero_point=7):
    rng = np.random.default_rng(seed)
    convs = [
        folded_conv(rng, "conv1", 6, 1, (5, 4), stride=(2, 2), padding=(2, 1), zero_points=(3, zero_point)),
        folded_conv(rng, "depthwise2", 6, 6, (3, 3), padding=(1, 1), groups=6, zero_points=(zero_point, 0)),
        folded_conv(rng, "pointwise2", 8, 6, (1, 1), zero_points=(0, 0)),
    ]
    linear = FoldedLinear("linear", rng.integers(-1, 2, (3, 8)).astype(np.int8), rng.normal(size=3), 0, 0.5, 0.01)
    return convs, linear


def export(convs, linear, bits=16):
    return build(convs, 64, linear, INPUT, ["a", "b", "c"], bits)


@pytest.mark.parametrize("bits", [9, 12, 16, 24, 31])
def test_codes_are_within_the_roundings_of_the_real_network(bits):
    convs, linear = folded_network()
    model = export(convs, linear, bits)
    x = np.random.default_rng(1).integers(0, 256, (8, 1, 16, 16)).astype(np.uint8)
    outputs, flow = oracle.trace(model, x), x
    for conv in convs:
        centred = torch.from_numpy(flow).double() - conv.input_zero_point
        weight = torch.from_numpy(conv.weight).double()
        sums = torch.nn.functional.conv2d(centred, weight, None, conv.stride, conv.padding, 1, conv.groups).numpy()
        real = sums * conv.real_multiplier[:, None, None] + conv.offset[:, None, None] + conv.output_zero_point
        # Half a step of rounding, half an accumulator unit of bias, and the dyadic scale's share of 255 steps.
        most = 0.5 + conv.real_multiplier / 2 + 255 * 2.0 ** -min(bits, 9) + 1e-9
        flow = outputs[conv.name]
        error = np.abs(flow - np.clip(real, *conv.clamp))
        assert (error <= most[:, None, None]).all()
        assert len(np.unique(flow)) > 50
    pooled = outputs["pool"].astype(float)
    np.testing.assert_array_equal(pooled, np.floor(flow.mean((2, 3)) + 0.5))
    logits = pooled @ linear.weight.T * linear.logit_scale + linear.bias
    assert np.abs(outputs["linear"] * linear.logit_scale - logits).max() <= 0.5 * linear.logit_scale + 1e-12


def test_bias_and_scale_are_those_of_the_contract(tmp_path):
    convs, linear = folded_network()
    model = export(convs, linear)
    for conv, layer in zip(convs, model.convolutions, strict=True):
        assert layer.bias == tuple(math.floor(b + 0.5) for b in (conv.offset / conv.real_multiplier).tolist())
        np.testing.assert_allclose(layer.multipliers / 2.0**layer.shifts, conv.real_multiplier, rtol=2.0**-15, atol=0)
        nearest = [dyadic(real, 16) for real in conv.real_multiplier.tolist()]
        differing = exactness.requantization_differences(model)[layer.name].differing
        for channel, scale in enumerate(zip(layer.multiplier, layer.shift, strict=True)):
            assert scale == nearest[channel] or differing[channel] == 0
        assert all(2**15 <= multiplier < 2**16 for multiplier in layer.multiplier)
        np.testing.assert_array_equal(layer.weights, conv.weight)
        assert layer.real_multiplier == tuple(conv.real_multiplier.tolist())
    assert (model.pool.count, model.pool.multiplier, model.pool.shift) == (64, 1, 6)
    assert model.linear.bias == tuple(math.floor(b / 0.01 + 0.5) for b in linear.bias.tolist())
    assert proofs.fits_32_bits(model)
    assert not proofs.fits_32_bits(export(convs, linear, 31))
    save(tmp_path / "model.json", model)
    assert load(tmp_path / "model.json") == model


def with_channel(conv, channel, *, weight=None, real=None, offset=None):
    weights, reals, offsets = conv.weight.copy(), conv.real_multiplier.copy(), conv.offset.copy()
    weights[channel] = weights[channel] if weight is None else weight
    reals[channel] = reals[channel] if real is None else real
    offsets[channel] = offsets[channel] if offset is None else offset
    return dataclasses.replace(conv, weight=weights, real_multiplier=reals, offset=offsets)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"real": 0.0, "offset": 12.5}, 7 + 13),
        ({"real": 0.0, "offset": -3.0}, 7),
        ({"real": 1e-300, "offset": 40.2}, 47),
        ({"real": 1e-9, "offset": 40.2}, 47),
        ({"weight": 0, "offset": 99.49}, 7 + 99),
        ({"weight": 0, "offset": 1e12}, 255),
        ({"real": 0.05, "offset": 1e6}, 255),
        ({"real": 0.05, "offset": -1e6}, 7),
    ],
)
def test_a_constant_channel_gives_its_code(change, code):
    convs, linear = folded_network()
    convs[0] = with_channel(convs[0], 4, **change)
    model = export(convs, linear)
    layer = model.convolutions[0]
    assert not layer.weights[4].any()
    assert (layer.multiplier[4], layer.shift[4], layer.bias[4], layer.real_multiplier[4]) == (2, 1, code - 7, 1.0)
    x = np.random.default_rng(2).integers(0, 256, (3, 1, 16, 16)).astype(np.uint8)
    assert (oracle.trace(model, x)["conv1"][:, 4] == code).all()
    assert proofs.constant_channels(model) == {"conv1": [4], "depthwise2": [], "pointwise2": []}
    kept = [np.delete(convs[0].weight, 4, axis=0), convs[1].weight, convs[2].weight, linear.weight]
    zeros = proofs.zeros(model)
    assert zeros.natural == sum(int((weight == 0).sum()) for weight in kept)
    assert zeros.constant == 20
    assert zeros.total == 120 + 54 + 48 + 24


def test_a_channel_that_moves_by_one_code_is_no_constant():
    convs, linear = folded_network()
    highest = np.abs(convs[0].weight[4]).sum() * 255
    convs[0] = with_channel(convs[0], 4, real=2 / highest, offset=20.4)
    layer = export(convs, linear).convolutions[0]
    assert layer.weights[4].any()
    assert layer.multiplier[4] > 2


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("real_multiplier", -0.1, r"conv1, channel 2: real_multiplier = -0.1; .*sign"),
        ("real_multiplier", math.nan, "conv1, channel 2: real_multiplier = nan"),
        ("real_multiplier", math.inf, "conv1, channel 2: real_multiplier = inf"),
        ("real_multiplier", 2.0**30, "conv1, channel 2: real_multiplier = 1073741824"),
        ("offset", math.nan, "conv1, channel 2: offset = nan"),
        ("offset", -math.inf, "conv1, channel 2: offset = -inf"),
    ],
)
def test_numbers_out_of_range_name_layer_and_channel(field, value, named):
    convs, linear = folded_network()
    numbers = getattr(convs[0], field).copy()
    numbers[2] = value
    convs[0] = dataclasses.replace(convs[0], **{field: numbers})
    with pytest.raises(HarlibError, match=named):
        export(convs, linear)


def test_a_bias_beyond_23_bits_names_layer_and_channel():
    convs, linear = folded_network()
    highest = int(np.abs(convs[1].weight[2]).sum()) * 248
    real = 1e-5
    offset = 100.5 - real * highest / 50  # crosses one code, so it is no constant; the bias is 10^7
    convs[1] = with_channel(convs[1], 2, weight=np.abs(convs[1].weight[2]), real=real, offset=offset)
    with pytest.raises(HarlibError, match=r"depthwise2, channel 2: the bias is 1\d{7} .*-4194304..4194303"):
        export(convs, linear)


@pytest.mark.parametrize(
    ("bias", "logit_scale", "named"), [(1e9, 0.01, "output 0: the bias"), (0.0, 0.0, "logit_scale")]
)
def test_linear_layers_out_of_range_are_named(bias, logit_scale, named):
    convs, linear = folded_network()
    changed = dataclasses.replace(linear, bias=np.full(3, bias), logit_scale=logit_scale)
    with pytest.raises(HarlibError, match=f"linear.*{named}"):
        export(convs, changed)


def test_a_kernel_too_large_and_zero_points_apart_are_named():
    convs, linear = folded_network()
    large = dataclasses.replace(convs[0], weight=np.ones((6, 1, 30, 4), np.int8))
    with pytest.raises(HarlibError, match="conv1: kernel 30 x 4"):
        export([large, *convs[1:]], linear)
    with pytest.raises(HarlibError, match=r"export: layers\[1\].input_zero_point = 9: .*\(7\)"):
        export([convs[0], dataclasses.replace(convs[1], input_zero_point=9), convs[2]], linear)


def steps(units):
    return Requantization((-units, units), 0, (0, 255))


@pytest.mark.parametrize(("units", "bits"), [(2**14, 16), (2**16, 15), (2**19, 12)])
def test_a_wide_accumulator_takes_fewer_bits(units, bits):
    multiplier, shift = dyadic_scale(Fraction(0.7), steps(units), 16, "here")
    assert 2 ** (bits - 1) <= multiplier < 2**bits
    assert units * multiplier + 2 ** (shift - 1) < 2**31
    assert bits == 16 or 2 * units * multiplier + 2**shift >= 2**31
    assert dyadic_scale(Fraction(0.7), steps(units), 31, "here")[0] >= 2**30


def test_a_scale_that_no_9_bits_hold_is_named():
    with pytest.raises(HarlibError, match=r"here: accumulators -8000000\.\.8000000 times 0\.7 pass 2\^31"):
        dyadic_scale(Fraction(0.7), steps(8_000_000), 16, "here")


@pytest.mark.parametrize("side", [1, 3, 5, 7, 8, 12, 31, 32, 45, 90])
def test_any_pool_is_within_one_of_the_rounded_mean(side):
    rng = np.random.default_rng(side)
    conv = folded_conv(rng, "conv1", 2, 1, (1, 1), zero_points=(3, 40))
    linear = FoldedLinear("linear", np.ones((2, 2), np.int8), np.zeros(2), 40, 0.5, 0.01)
    description = INPUT.model_copy(update={"shape": (1, side, side)})
    model = build([conv], side * side, linear, description, ["a", "b"], 16)
    assert proofs.fits_32_bits(model)
    maps = rng.integers(40, 256, (4, 2, side, side)).astype(np.uint8)
    maps[0], maps[1] = 40, 255
    found = oracle.global_average_pool(model.pool, maps).astype(int)
    mean = np.floor(maps.mean((2, 3)) + 0.5)
    assert np.abs(found - mean).max() <= 1
    np.testing.assert_array_equal(found[:2], mean[:2])
    if side * side in (1, 64, 1024):
        assert exactness.requantization_differences(model)["pool"].differing.sum() == 0


def test_a_flipped_sign_is_a_negative_gamma():
    """gamma < 0 as flipped weights: the codes of the channel with -acc in place of acc, then rounded half up."""
    rng = np.random.default_rng(5)
    conv = folded_conv(rng, "conv1", 3, 1, (3, 3), zero_points=(3, 0))
    x = rng.integers(0, 256, (2, 1, 16, 16)).astype(np.uint8)
    flipped = dataclasses.replace(conv, weight=-conv.weight)
    integers = integer_conv(flipped, (16, 16), (0, 255), 16)
    np.testing.assert_array_equal(integers.weight, -conv.weight)
    sums = torch.nn.functional.conv2d(torch.from_numpy(x).double() - 3, torch.from_numpy(conv.weight).double()).numpy()
    factor = (-integers.multiplier / 2.0**integers.shift)[:, None, None]
    expected = np.clip(np.floor((sums - integers.bias[:, None, None]) * factor + 0.5), 0, 255)
    linear = FoldedLinear("linear", np.ones((2, 3), np.int8), np.zeros(2), 0, 0.5, 0.01)
    model = build([flipped], 14 * 14, linear, INPUT, ["a", "b"], 16)
    np.testing.assert_array_equal(oracle.trace(model, x)["conv1"], expected)


def test_a_channel_that_only_rounding_makes_constant_is_one():
    """One tap, accumulators -3..252 at 2^-10: 20.499..20.748 steps; its bias 20994.6 is rounded up past the half."""
    convs, linear = folded_network()
    tap = np.zeros((1, 5, 4), np.int8)
    tap[0, 2, 1] = 1
    convs[0] = with_channel(convs[0], 4, weight=tap, real=2.0**-10, offset=20994.6 / 1024)
    layer = export(convs, linear).convolutions[0]
    assert not layer.weights[4].any()
    assert layer.bias[4] == 21


def test_biases_of_a_half_are_rounded_up():
    convs, linear = folded_network()
    convs[0] = with_channel(with_channel(convs[0], 0, real=0.5, offset=1.25), 1, real=0.5, offset=-1.25)
    assert export(convs, linear).convolutions[0].bias[:2] == (3, -2)


def test_the_clamp_before_narrows_what_is_constant():
    convs, linear = folded_network()
    weight = np.ones((1, 3, 3), np.int8)
    convs[1] = with_channel(convs[1], 3, weight=weight, real=1e-3, offset=20.2)
    assert export(convs, linear).convolutions[1].weights[3].all()  # up to 9 * 248 units
    convs[0] = dataclasses.replace(convs[0], clamp=(7, 12))
    assert not export(convs, linear).convolutions[1].weights[3].any()  # up to 9 * 5 units
