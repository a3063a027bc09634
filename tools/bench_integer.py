"""Time one inference, batch 1, one thread: the exported C beside the runtimes that are installed, interleaved.

    python tools/bench_integer.py [MODEL.json] [--rounds 300] [--peers PYTHON] [--out reference/engines/host.csv]

The peers (tools/peers.py: ONNX Runtime, OpenVINO, LiteRT, in fp32 and int8) run the same network in processes of their
own: --peers names the Python of an environment with requirements-bench.lock. One that is missing is said to be so. A
round times every engine once, so that what slows the machine slows all of them.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

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
        for (int i = 0; i < 10; i++) {
            harlib_run(&state, input, logits);
        }
        printf("%.3f\n", (now() - start) / 10);
        fflush(stdout);
    }
    return 0;
}
"""

BUILDS = {
    "C fast, as harlib": ("fast", []),
    "C fast, AVX2": ("fast", ["-O3", "-march=x86-64-v3"]),
    "C fast, -O2": ("fast", ["-O2"]),
    "C compact, -O2": ("compact", ["-O2"]),
    "C fast, AVX2, 31-bit multipliers": ("fast", ["-O3", "-march=x86-64-v3"]),
}
PEERS = {
    f"{runtime} {form}": module
    for runtime, module in (("ONNX Runtime", "onnxruntime"), ("OpenVINO", "openvino"), ("LiteRT", "ai_edge_litert"))
    for form in ("fp32", "int8")
}
CYCLE_OPERATIONS, LANES = 4, 16  # vector additions a cycle, 16-bit lanes of one: AVX2
REQUANTIZATION = 3  # operations at the least: a product, a shift, a clamp


def with_multipliers(model: Any, bits: int) -> Any:
    """The same model with multipliers of so many bits."""
    from harlib.integer.model import parse
    from harlib.integer.requantize import dyadic

    fields = model.model_dump(mode="json")
    for layer in fields["layers"]:
        if layer["op"] == "conv2d":
            scales = [dyadic(real, bits) for real in layer["real_multiplier"]]
            layer["multiplier"], layer["shift"] = ([scale[part] for scale in scales] for part in (0, 1))
    return parse(json.dumps(fields))


def floor_cycles(model: Any) -> float:
    """Cycles that additions and requantizations take at the least, by counting vector operations."""
    from harlib.integer.c.fast import additions
    from harlib.integer.c.plan import plan

    count = 0
    for stage in plan(model).convolutions:
        vectors = -(-stage.out_height * stage.out_width // LANES)
        count += vectors * (additions(stage) + REQUANTIZATION * len(stage.constants))
    return count / CYCLE_OPERATIONS


def start_engines(model_path: Path, folder: Path, peers: str | None) -> dict[str, subprocess.Popen[str]]:
    """Start a process an engine; each answers one character on its input with microseconds an inference."""
    from harlib.integer.c.source import sources
    from harlib.integer.model import load
    from harlib.integer.native import find_compiler, machine_options

    model, compiler = load(model_path), find_compiler()
    long = with_multipliers(model, 31)
    if compiler is None:
        sys.exit("bench_integer: no C compiler")
    commands = {}
    for name, (backend, flags) in BUILDS.items():
        place = folder / name.replace(" ", "_")
        place.mkdir()
        flags = flags or list(machine_options(compiler))
        chosen = long if "31-bit" in name else model
        for file, text in (sources(chosen, backend) | {"runner.c": RUNNER}).items():
            (place / file).write_text(text)
        files = [str(place / "runner.c"), str(place / "harlib_model.c")]
        subprocess.run([compiler, "-std=c99", *flags, "-o", str(place / "run"), *files], check=True)
        commands[name] = [str(place / "run")]
    for name, module in PEERS.items():
        if peers is None or subprocess.run([peers, "-c", f"import {module}"], capture_output=True).returncode:
            print(f"{name}: not installed, left out")
        else:
            commands[name] = [peers, str(Path(__file__).with_name("peers.py")), str(model_path), name]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1, "env": environment}
    pipes["stderr"] = subprocess.DEVNULL
    engines = {name: subprocess.Popen(command, **pipes) for name, command in commands.items()}
    for name in PEERS.keys() & engines.keys():
        assert engines[name].stdout.readline() == "ready\n", name
    return engines


def conditions(options: argparse.Namespace) -> list[dict[str, str]]:
    """What the times depend on."""
    from harlib import provenance
    from harlib.integer.model import load
    from harlib.integer.native import find_compiler

    compiler = subprocess.run([str(find_compiler()), "--version"], capture_output=True, text=True).stdout
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").is_file() else []
    names = ("onnxruntime", "openvino", "ai-edge-litert")
    versions = "; ".join(f"{name} {{}}" for name in names) if options.peers else "none"
    if options.peers:
        code = f"import importlib.metadata as m; print(*map(m.version, {names}))"
        found = subprocess.run([options.peers, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        versions = versions.format(*found)
    return [
        {"condition": "processor", "value": provenance.cpu_name()},
        {
            "condition": "AVX-512 with VNNI, for runtimes that use it",
            "value": "yes" if "avx512_vnni" in flags else "no",
        },
        {"condition": "compiler", "value": compiler.partition("\n")[0]},
        {"condition": "runtimes", "value": versions},
        {"condition": "rounds of 10 inferences", "value": str(options.rounds)},
        {"condition": "floor of the AVX2 code, cycles", "value": f"{floor_cycles(load(options.model)):.0f}"},
    ]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=Path("reference/published/models/fold0.json"))
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--peers", help="Python with onnx, onnxruntime, openvino, ai-edge-litert")
    parser.add_argument("--out", type=Path, help="write the table here, .csv")
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
    peers = [name for name in PEERS if name in times]
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = min(peers, key=medians.__getitem__) if peers else None
    rows = []
    for name, values in times.items():
        row = {"engine": name, "median (µs)": f"{medians[name]:.1f}", "least (µs)": f"{min(values):.1f}"}
        ratio = f"{medians[best] / medians[name]:.2f}" if best else ""
        rows.append(row | {f"times as fast as {best}, by medians": ratio})
        print(", ".join(f"{key} {value}" for key, value in rows[-1].items() if value))
    if options.out:
        write(options.out, rows)
        write(options.out.with_name(f"{options.out.stem}-conditions.csv"), conditions(options))
    if options.json:
        options.json.write_text(json.dumps(times))


if __name__ == "__main__":
    main()
