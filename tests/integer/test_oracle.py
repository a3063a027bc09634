import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from harlib.errors import HarlibError
from harlib.integer import oracle
from harlib.integer.model import load
from integer.examples import inputs, models, reference

GOLDEN = load(Path(__file__).with_name("golden.json"))


@settings(max_examples=60, deadline=None)
@given(models())
def test_every_layer_is_what_torch_and_fractions_give(model):
    x = inputs(model, 2)
    x.reshape(2, -1)[1] = np.where(x.reshape(2, -1)[1] < 128, 0, 255)
    expected = reference(model, x)
    found = oracle.trace(model, x, check_accumulators=True)
    assert list(found) == [layer.name for layer in model.layers] == list(expected)
    for name, output in found.items():
        assert output.dtype == expected[name].dtype
        np.testing.assert_array_equal(output, expected[name], err_msg=name)
    np.testing.assert_array_equal(oracle.run(model, x), expected["linear"])
    np.testing.assert_array_equal(oracle.predict(model, x), expected["linear"].argmax(1))


def test_a_network_worked_out_by_hand():
    x = np.array([[[10, 20, 30], [110, 10, 10]]], np.uint8)
    # Centred maps are 0 10 20 and 100 0 0, with one real 0 on either side. First channel: left - right + 3.
    # Rows 3 -7 -7 23 and -97 103 3 3; times 3/4, half up: 2 -5 -5 17 and -73 77 2 2; plus 5, at least 5.
    first = [[7, 5, 5, 22], [5, 82, 7, 7]]
    # Second channel: right - 7. Rows -7 3 13 -7 and 93 -7 -7 -7; plus 5, at least 5.
    second = [[5, 8, 18, 5], [98, 5, 5, 5]]
    outputs = oracle.trace(GOLDEN, x)
    np.testing.assert_array_equal(outputs["conv1"], [[first, second]])
    # Sums 140 and 149; means 17.5 and 18.625.
    np.testing.assert_array_equal(outputs["pool"], [[18, 19]])
    np.testing.assert_array_equal(outputs["linear"], [[18 - 19 + 4, 19 - 18]])


def test_chunks_do_not_show(monkeypatch):
    x = inputs(GOLDEN, 7)
    whole = oracle.trace(GOLDEN, x)
    monkeypatch.setattr(oracle, "CHUNK_CELLS", 2 * 6)
    for name, output in oracle.trace(GOLDEN, x).items():
        np.testing.assert_array_equal(output, whole[name])
    np.testing.assert_array_equal(oracle.run(GOLDEN, x), whole["linear"])
    np.testing.assert_array_equal(oracle.run(GOLDEN, x[:, 0]), whole["linear"])


def test_no_samples_give_no_logits():
    x = inputs(GOLDEN, 0)
    assert oracle.run(GOLDEN, x).shape == (0, 2)
    assert oracle.predict(GOLDEN, x).shape == (0,)
    assert {name: output.shape for name, output in oracle.trace(GOLDEN, x).items()} == {
        "conv1": (0, 2, 2, 4),
        "pool": (0, 2),
        "linear": (0, 2),
    }


def test_equal_logits_take_the_lowest_index():
    linear = GOLDEN.linear.model_copy(update={"weight": ((0, 0), (0, 0)), "bias": (6, 6)})
    model = GOLDEN.model_copy(update={"layers": (*GOLDEN.layers[:-1], linear)})
    np.testing.assert_array_equal(oracle.predict(model, inputs(model, 3)), [0, 0, 0])


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (np.zeros((1, 1, 2, 3)), "float64"),
        (np.zeros((1, 1, 2, 3), np.float32), "float32"),
        (np.zeros((1, 1, 2, 3), np.int64), "int64"),
        (np.zeros((1, 1, 2, 3), bool), "bool"),
        (np.zeros((1, 1, 3, 2), np.uint8), r"\[1, 1, 3, 2\].*\[n, 1, 2, 3\]"),
        (np.zeros((1, 2, 2, 3), np.uint8), r"\[1, 2, 2, 3\]"),
        (np.zeros((2, 3), np.uint8), r"\[2, 3\]"),
    ],
)
def test_other_inputs_are_refused(x, named):
    for engine in (oracle.run, oracle.trace, oracle.predict):
        with pytest.raises(HarlibError, match=named):
            engine(GOLDEN, x)


def test_the_accumulator_check_can_fail():
    conv = GOLDEN.convolutions[0].model_copy(update={"bias": (2**23, 0)})
    model = GOLDEN.model_copy(update={"layers": (conv, *GOLDEN.layers[1:])})
    oracle.run(model, inputs(model, 1))
    with pytest.raises(OverflowError, match="conv1"):
        oracle.run(model, inputs(model, 1), check_accumulators=True)


def test_sums_on_the_way_are_checked_too():
    """Taps 1 and -1 on the codes 255, 255 cancel: the sum fits, the step before it does not."""
    conv = GOLDEN.convolutions[0].model_copy(update={"bias": (2**23 - 1, 0), "padding": (0, 0), "input_zero_point": 0})
    x = np.full((1, 1, 2, 3), 255, np.uint8)
    assert oracle.accumulate(conv, x).max() == 2**23 - 1
    with pytest.raises(OverflowError, match="conv1"):
        oracle.conv2d(conv, x, check_accumulators=True)
    pool = GOLDEN.pool.model_copy(update={"input_zero_point": 128})
    maps = np.repeat(np.array([255, 0], np.uint8), 2**17).reshape(1, 1, 2, -1)
    oracle.global_average_pool(pool, maps)
    with pytest.raises(OverflowError, match="pool"):
        oracle.global_average_pool(pool, maps, check_accumulators=True)
    linear = GOLDEN.linear.model_copy(update={"bias": (2**23 - 1, 0), "input_zero_point": 0})
    same = np.full((1, 2), 9, np.uint8)
    assert oracle.linear(linear, same)[0, 0] == 2**23 - 1
    with pytest.raises(OverflowError, match="linear"):
        oracle.linear(linear, same, check_accumulators=True)


def test_engine_needs_no_torch():
    modules = ", ".join(f"harlib.integer.{name}" for name in ("inputs", "oracle", "proofs", "vectors"))
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
