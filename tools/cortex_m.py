"""Run an exported model on Cortex-M cores under QEMU: exact results, executed instructions, flash and RAM.

    python tools/cortex_m.py [MODEL.json] [--vectors FILE.npz] [--cores cortex-m4 ...] [--out reference/engines]

Writes cortex-m.csv and cortex-m-conditions.csv (a row a core and back end) and cortex-m-layers.csv. Needs
gcc-arm-none-eabi and qemu-system-arm (tools/system-packages.sh arm). Exit status 1 where a logit differs from the
vectors, a floating-point symbol is linked in, or a count is not the same the second time.

How it counts: with `-icount shift=6` QEMU gives each instruction 64 ns of emulated time, a timer of the board reads
that time, and a loop of 200,002 instructions says how many ticks an instruction is. Counts are exact to a few.
Instructions are not cycles: memory and branches cost more on silicon.
"""

import argparse
import csv
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harlib.integer import vectors as vector_file
from harlib.integer.c.source import sources
from harlib.integer.model import IntegerModel, load
from harlib.project import project_root

TOOLS = Path(__file__).parent / "qemu"
LOOP = 200_002
PACKAGES = ("arm-none-eabi-gcc", "qemu-system-arm")
FLOAT = re.compile(
    r"\b(__aeabi_(f|d|c[fd]|u?[il]2[fd]|u?l2[fd])\w*|__\w*[sd]f\d?|__(fix|float|trunc|extend)\w*)\b", re.ASCII
)


@dataclass(frozen=True)
class Board:
    """A machine of QEMU and where its memory and its timer lie."""

    machine: str
    code: int = 0
    data: int = 0x20000000
    timer: int = 0x40000000


BOARDS = {
    "cortex-m0": Board("mps2-an385"),  # its Cortex-M3 runs code that was built for the M0
    "cortex-m3": Board("mps2-an385"),
    "cortex-m4": Board("mps2-an386"),
    "cortex-m33": Board("mps2-an505", 0x10000000, 0x38000000, 0x50000000),
}
BACKENDS = {"packed": ["-O2", "-fno-schedule-insns", "-fno-tree-reassoc"], "compact": ["-O2"]}


@dataclass
class Measured:
    """What one core and back end gave."""

    instructions: list[int]  # an input
    wrong: int  # logits that differ
    flash: int  # bytes of the model's code and constants
    helpers: list[str]  # functions of the compiler's library that are linked in
    floats: list[str]
    ram: int  # of the state
    stack: int
    layers: list[float] = field(default_factory=list)  # instructions an input by stage, the input's rows first


def measure(
    model: IntegerModel, held: vector_file.Vectors, core: str, backend: str, count: int, layers: bool = True
) -> Measured:
    """Build, run and count.

    Args:
        model: the integer model.
        held: its test vectors.
        core: a key of BOARDS.
        backend: a key of BACKENDS.
        count: how many vectors to run.
        layers: also count by stage, in a second build.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, text in sources(model, backend).items():
            (folder / name).write_text(text)
        (folder / "vectors.h").write_text(_vectors(held, count))
        (folder / "mark.h").write_text("void harlib_after_rows(int stage);\n")
        found = _run(_build(folder, core, backend, []), core)
        scale = LOOP / found["loop"][0]
        symbols = _call("arm-none-eabi-nm", str(folder / "program.elf"))
        sizes = _call("arm-none-eabi-size", str(folder / "model.o")).splitlines()[1].split()
        names = {line.split()[-1] for line in symbols.splitlines()}
        result = Measured(
            instructions=[round(ticks * scale) for ticks in found["run"]],
            wrong=found["wrong"][0],
            flash=int(sizes[0]) + int(sizes[1]),
            helpers=sorted(name for name in names if name.startswith("__aeabi")),
            floats=sorted({match[0] for match in FLOAT.finditer(symbols)}),
            ram=int(re.search(r"HARLIB_RAM_BYTES (\d+)", (folder / "harlib_model.h").read_text())[1]),
            stack=found["stack"][0],
        )
        if layers:
            marks = ["-include", str(folder / "mark.h"), "-DHARLIB_AFTER_ROWS(stage)=harlib_after_rows(stage)"]
            found = _run(_build(folder, core, backend, marks), core)
            mark = found["mark"][0] / 1000
            staged = zip(found["stage"], found["rows"], strict=True)
            result.layers = [(ticks - mark * rows) * scale / count for ticks, rows in staged]
    return result


def _vectors(held: vector_file.Vectors, count: int) -> str:
    codes, logits = held.input[:count].reshape(count, -1), held.logits[:count]
    return (
        f"#define VECTORS {count}\n"
        f"static const uint8_t inputs[{count}][{codes.shape[1]}] = {_braces(codes.tolist())};\n"
        f"static const int32_t expected[{count}][{logits.shape[1]}] = {_braces(logits.tolist())};\n"
    )


def _braces(rows: list[list[int]]) -> str:
    return "{" + ",\n".join("{" + ",".join(map(str, row)) + "}" for row in rows) + "}"


def _build(folder: Path, core: str, backend: str, extra: list[str]) -> Path:
    board = BOARDS[core]
    target = [f"-mcpu={core}", "-mthumb", "-mfloat-abi=soft", "-ffreestanding", f"-I{folder}"]
    gcc = ["arm-none-eabi-gcc", *target]
    model, program = folder / "model.o", folder / "program.elf"
    _call(*gcc, "-std=c99", *BACKENDS[backend], *extra, "-c", str(folder / "harlib_model.c"), "-o", str(model))
    place = [
        f"-Wl,--defsym=code_base={board.code:#x},--defsym=data_base={board.data:#x}",
        "-T",
        str(TOOLS / "board.ld"),
    ]
    own = ["-std=gnu99", "-O2", "-fno-tree-loop-distribute-patterns", f"-DTIMER={board.timer:#x}u"]
    _call(*gcc, *own, "-nostdlib", *place, str(TOOLS / "harness.c"), str(model), "-lgcc", "-o", str(program))
    return program


def _run(program: Path, core: str) -> dict[str, list[int]]:
    options = ["-nographic", "-icount", "shift=6", "-semihosting-config", "enable=on,target=native"]
    command = ["qemu-system-arm", "-M", BOARDS[core].machine, *options, "-kernel", str(program)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    found: dict[str, list[int]] = {}
    for line in (done.stdout + done.stderr).splitlines():
        if match := re.fullmatch(r"(\w+) ([0-9a-f]{8})", line):
            found.setdefault(match[1], []).append(int(match[2], 16))
    if "wrong" not in found:
        sys.exit(f"cortex_m: {core} did not finish: {done.stdout[-500:]}{done.stderr[-500:]}")
    return found


def _call(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"cortex_m: {command[0]} failed: {done.stderr[-1000:]}")
    return done.stdout


def baseline(core: str) -> dict[str, str]:
    """The best CMSIS-NN build of a core, from reference/engines/cmsis-nn.csv."""
    with (project_root() / "reference" / "engines" / "cmsis-nn.csv").open() as file:
        return min(
            (row for row in csv.DictReader(file) if row["core"] == core), key=lambda row: int(row["instructions"])
        )


def missing() -> list[str]:
    """Programs that are not installed."""
    return [name for name in PACKAGES if shutil.which(name) is None]


def main() -> int:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    published = project_root() / "reference" / "published"
    parser.add_argument("model", type=Path, nargs="?", default=published / "models" / "fold0.json")
    parser.add_argument("--vectors", type=Path, help="default: of the model's name in the folder beside its own")
    parser.add_argument("--cores", nargs="+", choices=BOARDS, default=list(BOARDS))
    parser.add_argument("--count", type=int, help="vectors to run (default: all)")
    parser.add_argument("--out", type=Path, help="folder for the tables")
    options = parser.parse_args()
    if missing():
        sys.exit(f"cortex_m: {', '.join(missing())} not found; tools/system-packages.sh arm installs them")
    vectors = options.vectors or options.model.parent.parent / "vectors" / f"{options.model.stem}.npz"
    model, held = load(options.model), vector_file.load(vectors)
    count = min(options.count or len(held.input), len(held.input))
    compiler = _call("arm-none-eabi-gcc", "-dumpfullversion").strip()
    table, conditions, layers, failures = [], [], [], []
    names = ["input and schedule", *(layer.name for layer in model.convolutions)]
    for core in options.cores:
        base = baseline(core)
        for backend, flags in BACKENDS.items():
            found = measure(model, held, core, backend, count)
            again = measure(model, held, core, backend, count, layers=False)
            mean = sum(found.instructions) / count
            if found.wrong or found.floats or again.instructions != found.instructions:
                failures.append(f"{core} {backend}: {found.wrong} wrong, floats {found.floats}, repeatable or not")
            row = {"core": core, "back end": backend}
            table.append(
                row | {
                    "instructions": round(mean), "CMSIS-NN": base["instructions"],
                    "ratio": f"{mean / int(base['instructions']):.3f}", "flash (bytes)": found.flash,
                    "RAM (bytes)": found.ram, "stack (bytes)": found.stack,
                }
            )  # fmt: skip
            conditions.append(
                row | {
                    "inputs": count, "differing logits": found.wrong, "fewest": min(found.instructions),
                    "most": max(found.instructions), "float symbols": len(found.floats), "compiler": f"gcc {compiler}",
                    "options": " ".join(flags), "CMSIS-NN's options": base["options"],
                    "library": " ".join(found.helpers),
                }
            )  # fmt: skip
            rest = mean - sum(found.layers)
            counts = zip([*names, "pool and linear"], [*found.layers, rest], strict=True)
            layers += [row | {"layer": n, "instructions": round(i)} for n, i in counts]
            print(", ".join(f"{key} {value}" for key, value in (table[-1] | conditions[-1]).items()), flush=True)
    if options.out:
        for part, rows in (("", table), ("-conditions", conditions), ("-layers", layers)):
            with (options.out / f"cortex-m{part}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    print("\n".join(failures), end="\n" if failures else "")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
