"""The network of a model file in the runtimes that people use: time one inference whenever a character comes in.

    python tools/peers.py MODEL.json "ONNX Runtime fp32"

Runs in an environment with requirements-bench.lock; it needs nothing of harlib. Scales are folded into the weights, so
the runtimes have five convolutions, a mean and a linear layer to compute, as the integer engines. The int8 forms have
weights of a scale a channel. Prints "ready", then microseconds an inference, the mean of 10, for each character.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WARM_UP, REPEATS = 50, 10


def folded(model: dict[str, Any]) -> list[dict[str, Any]]:
    """Real weights and biases of each layer, with the scale of its input and output."""
    layers, scale = [], model["input"]["scale"]
    for layer in model["layers"]:
        if layer["op"] == "conv2d":
            out = layer["output_scale"]
            real = np.array(layer["real_multiplier"]) * out
            weight = np.array(layer["weight"], np.float32) * (real / scale)[:, None, None, None]
            layers.append(
                layer | {"w": weight.astype(np.float32), "b": (np.array(layer["bias"]) * real).astype(np.float32)}
            )
            layers[-1] |= {"in": scale, "out": out, "factor": real / scale}
            scale = out
        elif layer["op"] == "linear":
            weight = np.array(layer["weight"], np.float32) * layer["weight_scale"]
            bias = np.array(layer["bias"]) * layer["logit_scale"]
            layers.append(layer | {"w": weight.astype(np.float32), "b": bias.astype(np.float32), "in": scale})
        else:
            layers.append(layer)
    return layers


def onnx_model(model: dict[str, Any]) -> bytes:
    """The network in ONNX, fp32."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, flow = [], [], "x"
    for i, layer in enumerate(folded(model)):
        if "w" in layer:
            weights += [numpy_helper.from_array(layer[key], f"{key}{i}") for key in "wb"]
        if layer["op"] == "conv2d":
            top, left = layer["padding"]
            options = {"strides": layer["stride"], "pads": [top, left, top, left], "group": layer["groups"]}
            nodes.append(helper.make_node("Conv", [flow, f"w{i}", f"b{i}"], [f"c{i}"], **options))
            nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"]))
            flow = f"r{i}"
        elif layer["op"] == "linear":
            nodes.append(helper.make_node("Flatten", [flow], ["flat"]))
            nodes.append(helper.make_node("Gemm", ["flat", f"w{i}", f"b{i}"], ["y"], transB=1))
        else:
            nodes.append(helper.make_node("GlobalAveragePool", [flow], ["pool"]))
            flow = "pool"
    ends = [("x", [1, *model["input"]["shape"]]), ("y", [1, len(model["classes"])])]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
    graph = helper.make_graph(nodes, "net", infos[:1], infos[1:], weights)
    made: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    ).SerializeToString()
    return made


def onnx_int8(data: bytes, x: np.ndarray) -> bytes:
    """The same, quantized by ONNX Runtime: QDQ, a scale a channel."""
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):
        def __init__(self) -> None:
            self.inputs = iter([{"x": x}])

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.inputs, None)

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "a.onnx", Path(folder) / "b.onnx"
        before.write_bytes(data)
        q.quantize_static(before, after, Reader(), quant_format=q.QuantFormat.QDQ, per_channel=True)
        return after.read_bytes()


def lite_model(model: dict[str, Any], int8: bool) -> bytes:
    """The network as a LiteRT flatbuffer; its SAME padding is this network's."""
    import ai_edge_litert.schema_py_generated as s
    import flatbuffers

    graph, buffers = s.SubGraphT(), [s.BufferT()]
    graph.tensors, graph.operators, codes = [], [], [3, 4, 40, 9]  # CONV_2D, DEPTHWISE_CONV_2D, MEAN, FULLY_CONNECTED
    kinds = {"float32": 0, "int32": 2, "int8": 9}

    def tensor(
        shape: list[int], data: np.ndarray | None = None, scale: Any = None, zero: int = 0, axis: int = 0
    ) -> int:
        made = s.TensorT()
        made.shape, made.name = np.array(shape, np.int32), f"t{len(graph.tensors)}".encode()
        made.type = kinds[str(data.dtype)] if data is not None else kinds["int8" if int8 else "float32"]
        made.buffer = 0
        if data is not None:
            buffers.append(s.BufferT())
            buffers[-1].data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            made.buffer = len(buffers) - 1
        if int8 and scale is not None:
            made.quantization = s.QuantizationParametersT()
            made.quantization.scale = np.atleast_1d(np.asarray(scale, np.float32))
            made.quantization.zeroPoint = np.full(len(made.quantization.scale), zero, np.int64)
            made.quantization.quantizedDimension = axis
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def weights(layer: dict[str, Any], order: tuple[int, ...], axis: int, factor: Any) -> list[int]:
        w = layer["w"].transpose(order)
        if not int8:
            return [tensor(list(w.shape), w), tensor([len(layer["b"])], layer["b"])]
        scale = np.asarray(factor) / 127
        shape = [1] * w.ndim
        shape[axis] = -1
        codes = np.rint(w / np.reshape(scale, shape)).astype(np.int8)
        bias = np.rint(layer["b"] / (scale * layer["in"])).astype(np.int32)
        return [tensor(list(w.shape), codes, scale, 0, axis), tensor([len(bias)], bias, scale * layer["in"])]

    channels, height, width = model["input"]["shape"]
    zero = model["input"]["zero_point"] - 128
    flow = first = tensor([1, height, width, channels], None, model["input"]["scale"], zero)
    scale = model["input"]["scale"]
    for layer in folded(model):
        operator = s.OperatorT()
        if layer["op"] == "conv2d":
            depthwise = layer["groups"] > 1
            height, width = (-(-size // step) for size, step in zip((height, width), layer["stride"], strict=True))
            order, axis = ((1, 2, 3, 0), 3) if depthwise else ((0, 2, 3, 1), 0)
            inputs = [flow, *weights(layer, order, axis, layer["factor"])]
            options = s.DepthwiseConv2DOptionsT() if depthwise else s.Conv2DOptionsT()
            if depthwise:
                options.depthMultiplier = 1
            options.strideH, options.strideW = layer["stride"]
            options.padding, options.fusedActivationFunction = 0, 1  # SAME, RELU
            options.dilationHFactor = options.dilationWFactor = 1
            scale, channels = layer["out"], layer["out_channels"]
            flow = tensor([1, height, width, channels], None, scale, -128)
            operator.opcodeIndex, operator.builtinOptionsType = int(depthwise), 2 if depthwise else 1
        elif layer["op"] == "linear":
            factor = [layer["weight_scale"]]
            inputs = [flow, *weights(layer, (0, 1), 0, factor)]
            options, operator.opcodeIndex, operator.builtinOptionsType = s.FullyConnectedOptionsT(), 3, 8
            flow = tensor([1, len(model["classes"])], None, 64 * layer["logit_scale"], 0)
        else:
            inputs = [flow, tensor([2], np.array([1, 2], np.int32))]
            options, operator.opcodeIndex, operator.builtinOptionsType = s.ReducerOptionsT(), 2, 27
            options.keepDims = False
            flow = tensor([1, channels], None, scale, -128)
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([flow], np.int32)
        operator.builtinOptions = options
        graph.operators.append(operator)
    graph.inputs, graph.outputs = np.array([first], np.int32), np.array([flow], np.int32)
    whole = s.ModelT()
    whole.version, whole.subgraphs, whole.buffers, whole.operatorCodes = 3, [graph], buffers, []
    for number in codes:
        code = s.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = number
        code.version = 5 if int8 and number in (3, 9) else 1
        whole.operatorCodes.append(code)
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def runner(name: str, model: dict[str, Any]) -> tuple[Callable[[], Any], str]:
    """A function of no argument that infers once, and the runtime's version."""
    runtime, form = name.rsplit(" ", 1)
    rng = np.random.default_rng(0)
    x = (model["input"]["scale"] * rng.integers(-40, 200, (1, *model["input"]["shape"]))).astype(np.float32)
    if runtime == "LiteRT":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=lite_model(model, form == "int8"), num_threads=1)
        interpreter.allocate_tensors()
        place = interpreter.get_input_details()[0]
        interpreter.set_tensor(place["index"], x.transpose(0, 2, 3, 1).astype(place["dtype"]))
        return interpreter.invoke, "litert"
    data = onnx_model(model)
    if form == "int8":
        data = onnx_int8(data, x)
    if runtime == "ONNX Runtime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"x": x}), onnxruntime.__version__
    import openvino

    core = openvino.Core()
    hints = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    if form == "fp32":
        hints["INFERENCE_PRECISION_HINT"] = "f32"
    request = core.compile_model(core.read_model(data, b""), "CPU", hints).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x))
    return request.infer, openvino.__version__


def main() -> None:
    """Answer each character with a time."""
    run, _ = runner(sys.argv[2], json.loads(Path(sys.argv[1]).read_text()))
    for _ in range(WARM_UP):
        run()
    print("ready", flush=True)
    while sys.stdin.read(1):
        start = time.perf_counter()
        for _ in range(REPEATS):
            run()
        print((time.perf_counter() - start) / REPEATS * 1e6, flush=True)


if __name__ == "__main__":
    main()
