"""All engines that are here against the oracle, on a small part of what the report tries; and the committed report."""

import shutil

import numpy as np
import pytest

from harlib.errors import HarlibError
from harlib.integer import agreement, oracle, proofs
from harlib.integer.model import load
from harlib.integer.native import find_compiler
from harlib.project import project_root
from integer.examples import inputs
from integer.test_oracle import GOLDEN

ROOT = project_root()
REPORT = ROOT / "reference" / "integer"
PATHS = sorted((ROOT / "reference" / "published" / "models").glob("*.json"))
MODELS = [load(path) for path in PATHS]


def test_every_engine_is_here_that_the_machine_can_run():
    names = ["C, compact", "C, fast"] if find_compiler() else []
    names += ["ONNX Runtime"] + ["JavaScript"] * (shutil.which("node") is not None)
    assert set(names) <= set(agreement.engines())
    assert set(agreement.engines()) == set(agreement.versions())


def test_a_thousand_random_inputs_and_the_adversarial_ones_agree(cache):
    """C's thousand are in test_c.py."""
    model = MODELS[0]
    x = np.concatenate([agreement.adversarial_inputs(model), *agreement.random_inputs(model.input.shape, 1000, seed=9)])
    expected = oracle.run(model, x)
    for name, make in agreement.engines().items():
        part = slice(1079 if name == "ONNX Runtime" else 120)
        np.testing.assert_array_equal(make(model)(x[part]), expected[part], err_msg=name)
    assert len(x) == 1079


def test_a_layer_alone_agrees_at_every_bound(cache):
    alone = agreement.single_position(MODELS[1], "depthwise1")
    x = agreement.position_inputs(MODELS[1], "depthwise1", 20, seed=1)
    expected = oracle.run(alone, x, check_accumulators=True)
    for name, make in agreement.engines().items():
        np.testing.assert_array_equal(make(alone)(x), expected, err_msg=name)


def test_a_single_position_shows_the_codes_of_its_layer():
    model = MODELS[2]
    x = inputs(model, 1)
    outputs = {"input": x, **oracle.trace(model, x)}
    names = list(outputs)
    for layer in model.convolutions:
        flow = outputs[names[names.index(layer.name) - 1]]
        sides = tuple((margin, margin) for margin in layer.padding)
        padded = np.pad(flow, ((0, 0), (0, 0), *sides), constant_values=layer.input_zero_point)
        for row, column in ((0, 0), (5, 7)):
            top, left = row * layer.stride[0], column * layer.stride[1]
            seen = padded[:, :, top : top + layer.kernel[0], left : left + layer.kernel[1]]
            found = oracle.run(agreement.single_position(model, layer.name), seen) + layer.output_zero_point
            np.testing.assert_array_equal(found[0], outputs[layer.name][0, :, row, column])


def test_position_inputs_attain_the_bounds_that_are_proven():
    model = MODELS[3]
    for name, parts in proofs.region_bounds(model).items():
        if name == "linear":
            continue
        alone = agreement.single_position(model, name).convolutions[0]
        found = oracle.accumulate(alone, agreement.position_inputs(model, name, 0, seed=0))[:, :, 0, 0]
        channels = alone.out_channels
        for index, bound in enumerate(parts.values()):
            block = found[index * 2 * channels : (index + 1) * 2 * channels].reshape(channels, 2, channels)
            np.testing.assert_array_equal(block[np.arange(channels), 0, np.arange(channels)], bound.lower)
            np.testing.assert_array_equal(block[np.arange(channels), 1, np.arange(channels)], bound.upper)


def test_random_inputs_are_as_many_as_asked_and_of_both_kinds():
    drawn = np.concatenate(list(agreement.random_inputs((2, 5, 9), 1203, seed=0)))
    assert drawn.shape == (1203, 2, 5, 9)
    assert drawn.dtype == np.uint8
    levels = np.array([len(np.unique(x)) for x in drawn])
    assert (levels > 50).sum() == 601
    assert (levels <= 4).sum() == 602


@pytest.mark.skipif(shutil.which("node") is None, reason="no node: tools/system-packages.sh node")
def test_javascript_takes_and_refuses_what_the_oracle_does():
    engine, x = agreement.JavaScript(GOLDEN), inputs(GOLDEN, 4)
    for view in (x[::2], x[:, 0], x[:0]):
        np.testing.assert_array_equal(engine(view), oracle.run(GOLDEN, view))
    with pytest.raises(HarlibError, match="only uint8"):
        engine(x.astype(float))
    broken = GOLDEN.model_copy(update={"version": 2})
    with pytest.raises(HarlibError, match="node: status 1"):
        agreement.JavaScript(broken)(x)
