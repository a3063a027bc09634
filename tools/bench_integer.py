"""Time one inference, batch 1, one thread: the exported C beside the runtimes that are installed, interleaved.

    python tools/bench_integer.py [MODEL.json] [--rounds 300] [--peers PYTHON]

The peers (ONNX Runtime, OpenVINO) run the same network in fp32 with folded scales, in a process of their own: --peers
names the Python of an environment that has onnx and them (pip install onnx onnxruntime openvino). One that is missing
is said to be so. A round times every engine once, so that what slows the machine slows all of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNNER = r"""
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>
#include "harlib_model.h"
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}
int main(void)
{
    static harlib_state state;
    static uint8_t input[HARLIB_CHANNELS * HARLIB_HEIGHT * HARLIB_WIDTH];
    int32_t logits[HARLIB_CLASSES];
    uint32_t random = 1;
    for (unsigned i = 0; i < sizeof input; i++) {
        random = random * 1664525u + 1013904223u;
        input[i] = (uint8_t)(random >> 24);
    }
    while (getchar() != EOF) {
        const double start = now();
        for (int i = 0; i < 100; i++) {
            harlib_run(&state, input, logits);
        }
        printf("%.3f\n", (now() - start) / 100);
        fflush(stdout);
    }
    return 0;
}
"""

PEER = r"""
import json, sys, time
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
model = json.load(open(sys.argv[1])); name = sys.argv[2]
nodes, weights, flow = [], [], "x"
def constant(key, values):
    weights.append(numpy_helper.from_array(np.asarray(values, np.float32), key)); return key
for i, layer in enumerate(model["layers"]):
    if layer["op"] == "conv2d":
        scale = np.array(layer["multiplier"]) / 2.0 ** np.array(layer["shift"])
        w = constant(f"w{i}", np.array(layer["weight"]) * scale[:, None, None, None])
        b = constant(f"b{i}", np.array(layer["bias"]) * scale)
        (top, left) = layer["padding"]
        nodes.append(helper.make_node("Conv", [flow, w, b], [f"c{i}"], kernel_shape=layer["kernel"],
                     strides=layer["stride"], pads=[top, left, top, left], group=layer["groups"]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"])); flow = f"r{i}"
    elif layer["op"] == "linear":
        nodes.append(helper.make_node("Flatten", [flow], ["flat"]))
        nodes.append(helper.make_node("Gemm", ["flat", constant("wl", layer["weight"]), constant("bl", layer["bias"])],
                     ["y"], transB=1))
    else:
        nodes.append(helper.make_node("GlobalAveragePool", [flow], ["pool"])); flow = "pool"
shape = [1, *model["input"]["shape"]]
graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, len(model["classes"])])], weights)
data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
x = np.random.default_rng(0).random(shape, np.float32)
if name == "onnxruntime":
    import onnxruntime as runtime
    options = runtime.SessionOptions(); options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    run = lambda: session.run(None, {"x": x})
else:
    import openvino
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data, b""), "CPU",
        {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request(); request.set_input_tensor(openvino.Tensor(x))
    run = request.infer
for _ in range(50): run()
print("ready", flush=True)
while sys.stdin.read(1):
    start = time.perf_counter()
    for _ in range(100): run()
    print((time.perf_counter() - start) / 100 * 1e6, flush=True)
"""
BUILDS = {
    "C fast, as harlib": ("fast", []),
    "C fast, AVX2": ("fast", ["-O3", "-march=x86-64-v3"]),
    "C fast, -O2": ("fast", ["-O2"]),
    "C compact, -O2": ("compact", ["-O2"]),
}
PEERS = {"ONNX Runtime fp32": "onnxruntime", "OpenVINO fp32": "openvino"}


def start_engines(model_path: Path, folder: Path, peers: str | None) -> dict[str, subprocess.Popen[str]]:
    """Start a process an engine; each answers one character on its input with microseconds an inference."""
    from harlib.integer.c.source import sources
    from harlib.integer.model import load
    from harlib.integer.native import find_compiler, machine_options

    model, compiler = load(model_path), find_compiler()
    if compiler is None:
        sys.exit("bench_integer: no C compiler")
    commands = {}
    for name, (backend, flags) in BUILDS.items():
        place = folder / name.replace(" ", "_")
        place.mkdir()
        flags = flags or list(machine_options(compiler))
        for file, text in (sources(model, backend) | {"runner.c": RUNNER}).items():
            (place / file).write_text(text)
        files = [str(place / "runner.c"), str(place / "harlib_model.c")]
        subprocess.run([compiler, "-std=c99", *flags, "-o", str(place / "run"), *files], check=True)
        commands[name] = [str(place / "run")]
    for name, module in PEERS.items():
        if peers is None or subprocess.run([peers, "-c", f"import onnx, {module}"], capture_output=True).returncode:
            print(f"{name}: not installed, left out")
        else:
            commands[name] = [peers, "-c", PEER, str(model_path), module]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1, "env": environment}
    engines = {name: subprocess.Popen(command, **pipes) for name, command in commands.items()}
    for name in PEERS.keys() & engines.keys():
        assert engines[name].stdout.readline() == "ready\n", name
    return engines


def main() -> None:
    """Print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=Path("reference/published/models/fold0.json"))
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--peers", help="Python with onnx, onnxruntime, openvino")
    parser.add_argument("--json", type=Path, help="write the times here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engines = start_engines(options.model, Path(folder), options.peers)
        times: dict[str, list[float]] = {name: [] for name in engines}
        for turn in range(options.rounds + 10):
            for name, engine in engines.items():
                engine.stdin.write("x")
                engine.stdin.flush()
                value = float(engine.stdout.readline())
                if turn >= 10:
                    times[name].append(value)
        for engine in engines.values():
            engine.stdin.close()
            engine.wait()
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n{'engine':20} {'median us':>10} {'minimum us':>10}")
    for name, values in times.items():
        print(f"{name:20} {medians[name]:10.1f} {min(values):10.1f}")
    peers = {name: medians[name] for name in PEERS if name in medians}
    if peers:
        best = min(peers, key=lambda name: peers[name])
        print(f"\nfastest peer: {best}")
        for name in BUILDS:
            print(f"{name:20} {peers[best] / medians[name]:6.2f} times as fast (ratio of medians)")
    if options.json:
        options.json.write_text(json.dumps(times))


if __name__ == "__main__":
    main()
