"""An integer model as an ONNX graph of standard operators: uint8 codes in, int32 logits and the class out.

ConvInteger pads with the input's zero point, as the format asks. BitShift knows unsigned numbers only, and the format's
max(0, t) is what makes t one. A layer whose t is proven to fit 32 bits computes in int32, another in int64. Tensors are
named `LAYER/what`; a layer's name has no slash.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper, shape_inference

from harlib.integer.model import Conv2d, GlobalAveragePool, IntegerModel, Linear, Site, accumulator_bounds
from harlib.integer.requantize import product_range

OPSET = 17
Outputs = list[tuple[str, int, Any]]  # name, type, shape
IR_VERSION = 8  # of 2022: older runtimes read it, too


@dataclass
class Graph:
    """Nodes and constants of a graph that is being written."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: Any, dtype: Any) -> str:
        """Add a constant; its name."""
        self.constants.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def node(self, op: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Add a node; its output's name."""
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def convolution(self, op: str, inputs: list[str], layer: Conv2d) -> str:
        """Add a layer's convolution, without what follows it; its output's name."""
        window: dict[str, Any] = {"kernel_shape": layer.kernel, "strides": layer.stride, "dilations": [1, 1]}
        return self.node(op, inputs, f"{layer.name}/sum", pads=[*layer.padding] * 2, group=layer.groups, **window)


def build(model: IntegerModel, every_layer: bool = False) -> ModelProto:
    """Write a model as an ONNX graph.

    Its input `input` is uint8 [n, channels, height, width], its outputs `logits` int32 [n, classes] and `class` int64
    [n], the lowest index of equal logits. Class names, low and high stand in the metadata.

    Args:
        model: the integer model.
        every_layer: make the codes of every layer, as `NAME/codes`, outputs of the graph.
    """
    graph, flow = Graph(), "input"
    outputs: Outputs = [("logits", TensorProto.INT32, ["n", len(model.classes)]), ("class", TensorProto.INT64, ["n"])]
    for site in model.sites():
        layer, (channels, *size), _ = site
        if isinstance(layer, Conv2d):
            flow = _conv2d(graph, site, flow)
            shape = ["n", layer.out_channels, *layer.output_size((size[0], size[1]))]
        elif isinstance(layer, GlobalAveragePool):
            flow, shape = _pool(graph, site, flow), ["n", channels]
        else:
            _linear(graph, layer, flow)
            continue
        if every_layer:
            outputs.append((flow, TensorProto.UINT8, shape))
    graph.node("ArgMax", ["logits"], "class", axis=1, keepdims=0, select_last_index=0)
    return finish(model, graph, ("input", TensorProto.UINT8), outputs, [helper.make_opsetid("", OPSET)])


def finish(
    model: IntegerModel, graph: Graph, entry: tuple[str, int], outputs: Outputs, opsets: list[Any]
) -> ModelProto:
    """Put input, outputs and metadata around a graph, and check it."""
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "harlib-integer",
            [helper.make_tensor_value_info(*entry, ["n", *model.input.shape])],
            [helper.make_tensor_value_info(*output) for output in outputs],
            graph.constants,
        ),
        opset_imports=opsets,
        ir_version=IR_VERSION,
        producer_name="harlib",
    )
    described = {"classes": list(model.classes), "low": model.input.low, "high": model.input.high}
    helper.set_model_props(made, {key: json.dumps(value) for key, value in described.items()})
    checker.check_model(made, full_check=False)
    return shape_inference.infer_shapes(made)


def _conv2d(graph: Graph, site: Site, flow: str) -> str:
    layer = site.layer
    assert isinstance(layer, Conv2d)
    name = layer.name
    inputs = [
        flow,
        graph.constant(f"{name}/weight", layer.weights, np.int8),
        graph.constant(f"{name}/input_zero_point", layer.input_zero_point, np.uint8),
    ]
    sums = graph.convolution("ConvInteger", inputs, layer)
    column = (1, layer.out_channels, 1, 1)
    bias = graph.constant(f"{name}/bias", layer.biases.reshape(column), np.int32)
    accumulator = graph.node("Add", [sums, bias], f"{name}/accumulator")
    bounds = zip(*(bound.tolist() for bound in accumulator_bounds(site)), strict=True)
    scales = list(zip(layer.multiplier, layer.shift, strict=True))
    ranges = [
        product_range(lower, upper, multiplier, shift, layer.output_zero_point)
        for (lower, upper), (multiplier, shift) in zip(bounds, scales, strict=True)
    ]
    multipliers, shifts = (np.array(values).reshape(column) for values in zip(*scales, strict=True))
    return _requantize(graph, name, accumulator, multipliers, shifts, layer.output_zero_point, layer.clamp, ranges)


def _pool(graph: Graph, site: Site, flow: str) -> str:
    layer = site.layer
    assert isinstance(layer, GlobalAveragePool)
    name, zero_point = layer.name, layer.input_zero_point
    wide = graph.node("Cast", [flow], f"{name}/int32", to=TensorProto.INT32)
    axes = graph.constant(f"{name}/axes", [2, 3], np.int64)
    sums = graph.node("ReduceSum", [wide, axes], f"{name}/sum", keepdims=0)
    centre = graph.constant(f"{name}/centre", layer.count * zero_point, np.int32)
    accumulator = graph.node("Sub", [sums, centre], f"{name}/accumulator")
    lower, upper = (int(bound[0]) for bound in accumulator_bounds(site))
    ranges = [product_range(lower, upper, layer.multiplier, layer.shift, zero_point)]
    scale = np.array(layer.multiplier), np.array(layer.shift)
    return _requantize(graph, name, accumulator, *scale, zero_point, (0, 255), ranges)


def _linear(graph: Graph, layer: Linear, flow: str) -> None:
    name = layer.name
    weight = graph.constant(f"{name}/weight", layer.weights.T, np.int8)
    zero_point = graph.constant(f"{name}/input_zero_point", layer.input_zero_point, np.uint8)
    sums = graph.node("MatMulInteger", [flow, weight, zero_point], f"{name}/sum")
    graph.node("Add", [sums, graph.constant(f"{name}/bias", layer.biases, np.int32)], "logits")


def _requantize(
    graph: Graph,
    name: str,
    accumulator: str,
    multiplier: np.ndarray,
    shift: np.ndarray,
    zero_point: int,
    clamp: tuple[int, int],
    ranges: list[tuple[int, int]],
) -> str:
    fits = all(low > -(2**31) and high < 2**31 for low, high in ranges)
    signed, unsigned = (np.int32, np.uint32) if fits else (np.int64, np.uint64)
    kinds = {kind: helper.np_dtype_to_tensor_dtype(np.dtype(kind)) for kind in (signed, unsigned)}
    if not fits:
        accumulator = graph.node("Cast", [accumulator], f"{name}/wide", to=kinds[signed])
    rounding = (np.int64(zero_point) << shift) + (np.int64(1) << (shift - 1))
    product = graph.node(
        "Mul", [accumulator, graph.constant(f"{name}/multiplier", multiplier, signed)], f"{name}/product"
    )
    t = graph.node("Add", [product, graph.constant(f"{name}/rounding", rounding, signed)], f"{name}/t")
    t = graph.node("Max", [t, graph.constant(f"{name}/zero", 0, signed)], f"{name}/positive")
    t = graph.node("Cast", [t], f"{name}/unsigned", to=kinds[unsigned])
    shifts = graph.constant(f"{name}/shift", shift, unsigned)
    t = graph.node("BitShift", [t, shifts], f"{name}/shifted", direction="RIGHT")
    ends = [graph.constant(f"{name}/{end}", code, unsigned) for end, code in zip(("low", "high"), clamp, strict=True)]
    t = graph.node("Clip", [t, *ends], f"{name}/clamped")
    return graph.node("Cast", [t], f"{name}/codes", to=TensorProto.UINT8)
