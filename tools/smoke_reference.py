"""Write reference/smoke: the numbers of the smoke study, and how far they move on another processor.

python tools/smoke_reference.py

metrics.csv is taken from runs/smoke. For spread.csv data and stages of the smoke study are computed anew under each of
VARIANTS, to see what another processor does to them, and once with another parameter, to see what a change does.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

from harlib import data, files, parameters, process, simulation, study
from harlib.extended.plan import stage_module
from harlib.project import project_root
from harlib.runs import Run, read_yaml

ROOT = project_root()
CONFIG = ROOT / "config" / "smoke.yml"
SMOKE = ROOT / "runs" / "smoke"
FOLDER = ROOT / "reference" / "smoke"
KEY, KIND = ["stage", "fold", "metric"], ["stage", "metric"]
TRAINED = ("fp32", "qat", "pruned")

# The largest difference between two processors that the tests let pass, relative to the committed value (`zeros`: of
# the share as it is): about four times what VARIANTS moved when it was chosen; book/trust.md says more.
TOLERANCE = {
    ("data", "mean"): 2e-7,
    ("fresh", "mean"): 2e-7,
    ("fp32", "loss"): 2.5e-4,
    ("fp32", "norm of weights"): 3e-5,
    ("qat", "loss"): 3e-3,
    ("qat", "norm of weights"): 5e-4,
    ("qat", "mean scale"): 3e-3,
    ("qat", "zeros"): 3e-3,
    ("pruned", "loss"): 7e-3,
    ("pruned", "norm of weights"): 1e-3,
    ("pruned", "mean scale"): 3e-3,
    ("pruned", "zeros"): 0.0,
}

# What another processor changes: the instructions that torch, its convolutions (oneDNN), its matrix products (MKL),
# NumPy, its matrix products (OpenBLAS) and numba use, and with them the order of sums; and threads that share a sum.
_SSE = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}
_SCALAR = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL", "OPENBLAS_CORETYPE": "Nehalem"}
_SCALAR["NUMBA_CPU_NAME"] = "x86-64"
VARIANTS = {
    "none": {},
    "torch AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "torch SSE": _SSE,
    "two threads": {"SMOKE_THREADS": "2"},
    "data SSE": _SCALAR,
    "all SSE": {**_SSE, **_SCALAR},
}
CHANGE = {"threshold": 0.75}  # of 0.7


def numbers(run: Run) -> pd.DataFrame:
    """What two processors should agree on, a row a stage, fold and metric; `book/trust.md` says why these."""
    p = parameters.check(run.parameters())
    rows: list[tuple[str, int, str, float]] = []
    for name in ("data", "fresh"):
        rows.append((name, 0, "mean", float(data.load(run.path / f"{name}.npz").x.mean())))
    for stage in TRAINED:
        for fold in range(p.folds):
            rows += [(stage, fold, metric, value) for metric, value in _trained(run, stage, fold)]
    return pd.DataFrame(rows, columns=[*KEY, "value"])


def _trained(run: Run, stage: str, fold: int) -> Iterator[tuple[str, float]]:
    result, state = run.result(stage, fold) or {}, dict(sorted(run.state(stage, fold).items()))
    for epoch, loss in enumerate(result["history"]["loss"], start=1):
        yield f"loss {epoch}", loss
    weights = [value for value in state.values() if value.is_floating_point() and value.ndim > 1]
    yield "norm of weights", math.sqrt(sum(float((value.double() ** 2).sum()) for value in weights))
    ends = ("initial_scale", "log_scale")
    first, grown = ([float(value) for name, value in state.items() if name.endswith(end)] for end in ends)
    if first:
        yield "mean scale", sum(a * math.exp(b) for a, b in zip(first, grown, strict=True)) / len(first)
        yield "zeros", result["metrics"]["zeros"]


def differences(found: pd.DataFrame, reference: pd.DataFrame) -> pd.Series:
    """Largest difference of each stage and metric, relative to the reference; of `zeros` as it is.

    Raises:
        ValueError: one of the tables has a row that the other has not.
    """
    then, now = (table.set_index(KEY)["value"] for table in (reference, found))
    if odd := set(then.index) ^ set(now.index):
        raise ValueError(f"in one table only: {sorted(odd)}")
    both = pd.DataFrame({"value": then, "now": now.reindex(then.index)}).reset_index()
    size = both["value"].abs().where(both["metric"] != "zeros", 1.0)
    both["difference"] = (both["now"] - both["value"]).abs() / size
    both["metric"] = both["metric"].str.replace(r" \d+$", "", regex=True)  # of every epoch
    return both.groupby(KIND, sort=False)["difference"].max()


def train(folder: Path, changes: dict[str, float]) -> None:
    """Simulate the smoke study's data and train its stages, without notebooks, as this process's environment says."""
    if count := os.environ.get("SMOKE_THREADS"):
        set_up = process.set_up

        def with_threads() -> None:
            set_up()
            torch.set_num_threads(int(count))

        process.set_up = with_threads
    run, p = Run(folder), parameters.check(read_yaml(CONFIG) | changes)
    run.save_parameters(p)
    for name in ("data", "fresh"):
        data.save(folder / f"{name}.npz", simulation.simulate(p, name))
    work = study.Study("smoke", p, run, run)
    for stage in TRAINED:
        work.run(stage_module(stage))


def moved(reference: pd.DataFrame, variables: dict[str, str], changes: dict[str, float]) -> pd.Series:
    """Train in a process with these environment variables and changed parameters; how far the numbers move."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, folder, json.dumps(changes)]
        subprocess.run(command, env={**os.environ, **variables}, check=True)
        pixels = {}
        for name in ("data", "fresh"):
            ours, theirs = (data.load(place / f"{name}.npz").x for place in (SMOKE, Path(folder)))
            pixels[name, "pixels that differ"] = float((ours != theirs).mean())
        return pd.concat([pd.Series(pixels).rename_axis(KIND), differences(numbers(Run(Path(folder))), reference)])


def main() -> int:
    """Run as a program."""
    if len(sys.argv) == 3:
        train(Path(sys.argv[1]), json.loads(sys.argv[2]))
        return 0
    reference = numbers(Run(SMOKE))
    files.write(FOLDER / "metrics.csv", reference.to_csv(index=False))
    table = pd.DataFrame({name: moved(reference, variables, {}) for name, variables in VARIANTS.items()})
    table["allowed"] = pd.Series(TOLERANCE).reindex(table.index)  # none for pixels: the numbers do not hold them
    table[", ".join(f"{name} {value}" for name, value in CHANGE.items())] = moved(reference, {}, CHANGE)
    files.write(FOLDER / "spread.csv", table.reset_index().to_csv(index=False, float_format="%.1e"))
    print(table.to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
