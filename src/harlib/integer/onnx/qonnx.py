"""An integer model in QONNX, the form that FINN and hls4ml read: float32 tensors that hold whole numbers, Quant nodes.

Pappalardo et al. 2022 (arXiv 2206.07527). Each requantization is a BatchNormalization (mean 0, variance 1: one scale
and one offset a channel), Relu, and a Quant to unsigned 8 bit. Tools differ in how they round ties, and in the last
bits of float32. So the offset is put where no accumulator of the channel's interval comes near a tie (`_affine`).
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper

from harlib.errors import HarlibError
from harlib.integer.model import Conv2d, GlobalAveragePool, IntegerModel, Linear, Site, accumulator_bounds
from harlib.integer.onnx.standard import OPSET, Graph, Outputs, finish
from harlib.integer.requantize import requantize

DOMAIN = "qonnx.custom_op.general"
FLOAT32_INTEGERS = 2**24  # whole numbers up to this size are exact
CODES = (0, 255)
MARGIN = 2.0**-22  # of the largest number on the way; float32 rounds each product and sum by at most 2^-24 of it


def build(model: IntegerModel) -> ModelProto:
    """Write a model as QONNX.

    Its input `input` is float32 [n, channels, height, width] that holds codes 0..255, its output `logits` float32
    [n, classes] that holds the integer logits. Only ReLU codes are written: output zero points 0, clamps 0..255.

    Raises:
        HarlibError: another zero point or clamp, or a pool that is not 1 / count; a channel whose codes float32 does
            not surely give.
    """
    graph = Graph()
    flow = _quant(graph, "input", "codes", bits=8, signed=0)
    zero_point = np.float32(model.input.zero_point)
    if zero_point:
        flow = graph.node("Sub", [flow, graph.constant("zero_point", zero_point, np.float32)], "centred")
    for site in model.sites():
        layer = site.layer
        if isinstance(layer, Conv2d):
            flow = _conv2d(graph, site, flow)
        elif isinstance(layer, GlobalAveragePool):
            flow = _pool(graph, layer, flow)
        else:
            _linear(graph, layer, flow)
    outputs: Outputs = [("logits", TensorProto.FLOAT, ["n", len(model.classes)])]
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    return finish(model, graph, ("input", TensorProto.FLOAT), outputs, opsets)


def _quant(graph: Graph, source: str, output: str, bits: int, signed: int) -> str:
    names = {"scale": 1.0, "zero_point": 0.0, "bits": float(bits)}
    inputs = [graph.constant(f"{output}/quant/{name}", value, np.float32) for name, value in names.items()]
    return graph.node("Quant", [source, *inputs], output, DOMAIN, signed=signed, narrow=signed, rounding_mode="ROUND")


def _conv2d(graph: Graph, site: Site, flow: str) -> str:
    layer = site.layer
    assert isinstance(layer, Conv2d)
    if layer.output_zero_point or layer.clamp != CODES:
        raise HarlibError(
            f"{layer.name}: output_zero_point = {layer.output_zero_point}, clamp = {list(layer.clamp)}; QONNX is "
            "written for 0 and [0, 255], a ReLU's: use `harlib export onnx`"
        )
    name = layer.name
    latent = graph.constant(f"{name}/weight/latent", layer.weights, np.float32)
    weight = _quant(graph, latent, f"{name}/weight", bits=2, signed=1)
    sums = graph.convolution("Conv", [flow, weight], layer)
    scale, offset = np.array([_affine(site, channel) for channel in range(layer.out_channels)], np.float32).T
    ones = np.ones(layer.out_channels)
    affine = {"scale": scale, "offset": offset, "mean": 0 * ones, "variance": ones}
    inputs = [graph.constant(f"{name}/{part}", values, np.float32) for part, values in affine.items()]
    shifted = graph.node("BatchNormalization", [sums, *inputs], f"{name}/shifted", epsilon=0.0)
    return _quant(graph, graph.node("Relu", [shifted], f"{name}/relu"), f"{name}/codes", bits=8, signed=0)


def _affine(site: Site, channel: int) -> tuple[np.float32, np.float32]:
    """Scale and offset that bring a channel's sums (bias not included) to its codes before rounding.

    Every accumulator that the channel can have is tried: its value keeps a margin from the ties at either end of its
    code. The offset is half way between those that would meet a tie.
    """
    layer = site.layer
    assert isinstance(layer, Conv2d)
    multiplier, shift, bias = layer.multiplier[channel], layer.shift[channel], layer.bias[channel]
    lower, upper = (int(bound[channel]) for bound in accumulator_bounds(site))
    accumulators = np.arange(lower, upper + 1)
    codes = requantize(accumulators, multiplier, shift, 0, CODES).astype(np.int64)
    scale = np.float32(multiplier / 2**shift)
    values = (accumulators - bias) * float(scale)
    # Added to the values: more than `least` and less than `most`. The lowest and the highest code are open to one side.
    least = (codes - 0.5 - values)[codes > CODES[0]].max(initial=-np.inf)
    most = (codes + 0.5 - values)[codes < CODES[1]].min(initial=np.inf)
    if np.isinf(least):
        least = most - 1
    if np.isinf(most):
        most = least + 1
    offset = np.float32((least + most) / 2)
    unsaturated = values[np.abs(values + offset) < CODES[1] + 2]
    margin = MARGIN * max(CODES[1], abs(float(offset)), np.abs(unsaturated).max(initial=0.0))
    if max(abs(lower - bias), abs(upper - bias)) > FLOAT32_INTEGERS or not least + margin < offset < most - margin:
        raise HarlibError(
            f"{layer.name}, channel {channel}: float32 does not surely give the codes of all accumulators "
            f"{lower}..{upper}; use `harlib export onnx`"
        )
    return scale, offset


def _pool(graph: Graph, layer: GlobalAveragePool, flow: str) -> str:
    exact = layer.multiplier * layer.count == 2**layer.shift
    if not exact or layer.count * 255 > FLOAT32_INTEGERS:
        raise HarlibError(f"{layer.name}: count = {layer.count}; QONNX is written for powers of two up to 2^16")
    mean = graph.node("GlobalAveragePool", [flow], f"{layer.name}/mean")
    flat = graph.node("Flatten", [mean], f"{layer.name}/flat", axis=1)
    # A half goes up whatever a tool does with ties: means are multiples of 1 / count.
    raised = graph.constant(f"{layer.name}/tie", 0.5 / layer.count, np.float32)
    mean = graph.node("Add", [flat, raised], f"{layer.name}/raised")
    return _quant(graph, mean, f"{layer.name}/codes", bits=8, signed=0)


def _linear(graph: Graph, layer: Linear, flow: str) -> None:
    latent = graph.constant(f"{layer.name}/weight/latent", layer.weights.T, np.float32)
    weight = _quant(graph, latent, f"{layer.name}/weight", bits=2, signed=1)
    sums = graph.node("MatMul", [flow, weight], f"{layer.name}/sum")
    graph.node("Add", [sums, graph.constant(f"{layer.name}/bias", layer.biases, np.float32)], "logits")
