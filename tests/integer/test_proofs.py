import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

from harlib.errors import HarlibError
from harlib.integer import oracle, proofs
from harlib.integer.layers import Conv2d
from harlib.integer.model import IntegerModel, load
from harlib.project import project_root
from integer.examples import inputs, models
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


@settings(max_examples=15, deadline=None)
@given(models())
def test_border_and_interior_are_bounded_apart_and_attained(model):
    whole, apart = proofs.accumulator_bounds(model), proofs.region_bounds(model)
    assert "pool" not in apart
    assert list(apart["linear"]) == ["interior"]
    for layer in (*model.convolutions, model.linear):
        parts = apart[layer.name]
        np.testing.assert_array_equal(np.min([part.lower for part in parts.values()], 0), whole[layer.name].lower)
        np.testing.assert_array_equal(np.max([part.upper for part in parts.values()], 0), whole[layer.name].upper)
        for region, bounds in parts.items():
            channel = len(layer.bias) - 1
            for upper, bound in ((False, bounds.lower), (True, bounds.upper)):
                x, (row, column) = proofs.attaining_input(model, layer.name, channel, upper, region)
                assert accumulators(layer, x[None])[0, channel, row, column] == bound[channel]


@pytest.mark.parametrize("fold", range(5))
def test_every_bound_of_a_published_model_is_attained(fold):
    model = load(project_root() / "reference" / "published" / "models" / f"fold{fold}.json")
    codes = {site.layer.name: site.codes for site in model.sites()}
    for name, parts in proofs.region_bounds(model).items():
        layer = next(layer for layer in model.layers if layer.name == name)
        for region, bounds in parts.items():
            for upper, bound in ((False, bounds.lower), (True, bounds.upper)):
                places = [proofs.attaining_input(model, name, c, upper, region) for c in range(len(bound))]
                x = np.stack([x for x, _ in places])
                assert codes[name][0] <= x.min()
                assert x.max() <= codes[name][1]
                found = accumulators(layer, x)
                assert [found[c, c, row, column] for c, (_, (row, column)) in enumerate(places)] == bound.tolist()


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


def test_a_region_that_a_layer_lacks_is_named():
    with pytest.raises(HarlibError, match="region 'border': linear has interior"):
        proofs.attaining_input(GOLDEN, "linear", 0, True, "border")


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
