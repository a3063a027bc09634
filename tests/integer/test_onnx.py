"""The ONNX graph in ONNX Runtime against the oracle, bit for bit, layer by layer."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from hypothesis import example, given, settings

from harlib import cli
from harlib.errors import HarlibError
from harlib.integer import oracle, proofs, vectors
from harlib.integer.model import load, parse
from harlib.integer.onnx import qonnx, standard
from harlib.integer.onnx.runtime import OnnxEngine, session
from harlib.project import project_root
from integer.examples import inputs, models
from integer.test_oracle import GOLDEN

PUBLISHED = project_root() / "reference" / "published"
INTEGERS = {onnx.TensorProto.DataType.Name(kind) for kind in (2, 3, 5, 6, 7, 12, 13)}


@settings(max_examples=40, deadline=None)
@given(models())
@example(GOLDEN)
def test_any_model_is_exact_in_every_layer(model):
    x = np.concatenate([inputs(model, 20), np.zeros_like(inputs(model, 1)), np.full_like(inputs(model, 1), 255)])
    expected = oracle.trace(model, x)
    found = OnnxEngine(model, every_layer=True).trace(x)
    assert list(found) == list(expected)
    for name, output in expected.items():
        assert found[name].dtype == output.dtype
        np.testing.assert_array_equal(found[name], output, err_msg=name)


@pytest.mark.parametrize("fold", range(5))
def test_published_models_give_their_vectors(fold):
    model = load(PUBLISHED / "models" / f"fold{fold}.json")
    held = vectors.load(PUBLISHED / "vectors" / f"fold{fold}.npz")
    engine = OnnxEngine(model, every_layer=True)
    assert vectors.verify(model, held, lambda _, x: engine.trace(x)) == 64
    np.testing.assert_array_equal(OnnxEngine(model)(held.input), held.logits)


@pytest.mark.parametrize(("multiplier", "shift"), [(2**31 - 1, 46), (2**31 - 1, 1), (0, 46), (1, 46)])
def test_products_beyond_32_bits_are_exact(multiplier, shift):
    fields = json.loads((PUBLISHED / "models" / "fold0.json").read_text())
    fields["layers"][0]["multiplier"][3], fields["layers"][0]["shift"][3] = multiplier, shift
    model = parse(json.dumps(fields))
    x = inputs(model, 4)
    np.testing.assert_array_equal(OnnxEngine(model)(x), oracle.run(model, x))


def test_the_graph_has_standard_operators_and_integers_alone():
    made = standard.build(load(PUBLISHED / "models" / "fold0.json"), every_layer=True)
    onnx.checker.check_model(made, full_check=True)
    assert [(opset.domain, opset.version) for opset in made.opset_import] == [("", standard.OPSET)]
    assert {node.domain for node in made.graph.node} == {""}
    values = [*made.graph.input, *made.graph.output, *made.graph.value_info]
    assert len(values) > len(made.graph.node)
    kinds = {value.type.tensor_type.elem_type for value in values} | {part.data_type for part in made.graph.initializer}
    assert {onnx.TensorProto.DataType.Name(kind) for kind in kinds} <= INTEGERS


def test_equal_logits_take_the_lowest_index():
    linear = GOLDEN.linear.model_copy(update={"weight": ((0, 0), (0, 0)), "bias": (6, 6)})
    model = GOLDEN.model_copy(update={"layers": (*GOLDEN.layers[:-1], linear)})
    (found,) = session(standard.build(model)).run(["class"], {"input": inputs(model, 3)})
    assert found.tolist() == [0, 0, 0]


def test_any_name_of_a_layer_will_do():
    names = ("input", "logits", "class")
    layers = tuple(layer.model_copy(update={"name": name}) for layer, name in zip(GOLDEN.layers, names, strict=True))
    model, x = GOLDEN.model_copy(update={"layers": layers}), inputs(GOLDEN, 5)
    found, expected = OnnxEngine(model, every_layer=True).trace(x), oracle.trace(model, x)
    assert list(found) == list(expected) == list(names)
    for name in names:
        np.testing.assert_array_equal(found[name], expected[name])


def test_inputs_are_taken_as_the_oracle_takes_them():
    engine, x = OnnxEngine(GOLDEN), inputs(GOLDEN, 40)
    for view in (x[::2], x[:, 0], x[:0], np.asfortranarray(x)):
        found = engine(view)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, oracle.run(GOLDEN, view))
    with pytest.raises(HarlibError, match="only uint8"):
        engine(x.astype(np.float32))


def test_a_file_from_the_command_line_runs_and_names_its_classes(tmp_path, capsys):
    path, out = PUBLISHED / "models" / "fold0.json", tmp_path / "models" / "fold0.onnx"
    assert cli.main(["export", "onnx", str(path), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    made, model = onnx.load(out), load(path)
    held = {item.key: json.loads(item.value) for item in made.metadata_props}
    assert held == {"classes": list(model.classes), "low": model.input.low, "high": model.input.high}
    x = inputs(model, 2)
    logits, classes = session(made).run(["logits", "class"], {"input": x})
    np.testing.assert_array_equal(logits, oracle.run(model, x))
    np.testing.assert_array_equal(classes, oracle.predict(model, x))


def test_a_missing_package_is_named(tmp_path):
    code = (
        "import sys; sys.modules['onnx'] = None; from harlib import cli; "
        f"sys.exit(cli.main(['export', 'onnx', {str(PUBLISHED / 'models/fold0.json')!r}, '--out', '{tmp_path}/a']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "harlib: onnx: is not installed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_export_needs_no_torch_and_no_runtime(tmp_path):
    code = (
        "import sys; from harlib import cli; "
        f"cli.main(['export', 'onnx', {str(PUBLISHED / 'models/fold0.json')!r}, '--out', '{tmp_path}/a.onnx']); "
        "sys.exit(bool({'torch', 'onnxruntime'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def without_quant(made):
    """The same graph for ONNX Runtime: a Quant of scale 1 and zero point 0 is Clip and Round (ties to even)."""
    constants = {part.name: onnx.numpy_helper.to_array(part) for part in made.graph.initializer}
    nodes = []
    for node in made.graph.node:
        if node.op_type != "Quant":
            nodes.append(node)
            continue
        held = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        scale, zero_point, bits = (float(constants[name]) for name in node.input[1:])
        assert (scale, zero_point, held["rounding_mode"]) == (1, 0, b"ROUND")
        assert held["narrow"] == held["signed"]
        high = 2 ** int(bits - held["signed"]) - 1
        name = node.output[0]
        ends = {f"{name}/low": -high * held["signed"], f"{name}/high": high}
        made.graph.initializer.extend(
            onnx.numpy_helper.from_array(np.array(v, np.float32), key) for key, v in ends.items()
        )
        nodes.append(onnx.helper.make_node("Clip", [node.input[0], *ends], [f"{name}/clipped"]))
        nodes.append(onnx.helper.make_node("Round", [f"{name}/clipped"], [name]))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


@pytest.mark.parametrize("fold", range(5))
def test_qonnx_of_published_models_gives_their_logits(fold):
    model = load(PUBLISHED / "models" / f"fold{fold}.json")
    held = vectors.load(PUBLISHED / "vectors" / f"fold{fold}.npz")
    made = qonnx.build(model)
    weights = [node.output[0] for node in made.graph.node if node.op_type == "Quant" and "weight" in node.output[0]]
    assert len(weights) == len(model.layers) - 1
    x = np.concatenate([oracle.checked_input(model, held.input), extremes(model)]).astype(np.float32)
    (found,) = session(without_quant(made)).run(["logits"], {"input": x})
    np.testing.assert_array_equal(found, oracle.run(model, x.astype(np.uint8)))


def extremes(model):
    first = model.convolutions[0]
    return np.stack(
        [proofs.attaining_input(model, first.name, c, upper)[0] for c in range(4) for upper in (False, True)]
    )


@pytest.mark.parametrize(
    ("layer", "multiplier", "shift", "bias"),
    [
        (0, 2**31 - 1, 46, 2**22 - 1),  # near 128 everywhere: one or two codes
        (4, 1, 7, 2**22 - 1),  # saturated
        (0, 3, 16, 2108075),  # from code 96 to 97 within steps of 2^-14
    ],
)
def test_qonnx_holds_a_channel_surely_or_refuses_it(layer, multiplier, shift, bias):
    fields = json.loads((PUBLISHED / "models" / "fold0.json").read_text())
    for field, value in (("multiplier", multiplier), ("shift", shift), ("bias", bias)):
        fields["layers"][layer][field][2] = value
    model = parse(json.dumps(fields))
    if multiplier == 3:
        with pytest.raises(HarlibError, match=r"convolution, channel 2: float32 does not surely give"):
            qonnx.build(model)
        return
    x = inputs(model, 3)
    (found,) = session(without_quant(qonnx.build(model))).run(["logits"], {"input": x.astype(np.float32)})
    np.testing.assert_array_equal(found, oracle.run(model, x))


def test_qonnx_refuses_codes_that_are_no_relus():
    with pytest.raises(HarlibError, match=r"conv1: output_zero_point = 5, clamp = \[5, 200\].*export onnx"):
        qonnx.build(GOLDEN)


def test_a_qonnx_file_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "fold0.onnx"
    assert cli.main(["export", "qonnx", str(PUBLISHED / "models" / "fold0.json"), "--out", str(out)]) == 0
    assert "Quant" in capsys.readouterr().out
    assert onnx.load(out) == qonnx.build(load(PUBLISHED / "models" / "fold0.json"))
