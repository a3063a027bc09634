"""Hold all engines of the published integer models against the oracle, and prove what can be: `make integer-report`.

    python tools/integer_report.py [--inputs 100000] [--few 5000]

Writes the tables of the book's page on exactness to reference/integer/. Exit status 1 if any value differs, or if a
multiplier of 24 bits or more gives any accumulator another code than exact arithmetic. Test-fold samples come from
runs/published/data.npz, or are simulated; they must give the classes that reference/published/predictions.csv has.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int32, Int64, UInt8

from harlib import data, files, parameters, simulation
from harlib import fold as folding
from harlib.integer import agreement, exactness, oracle, proofs
from harlib.integer import model as model_file
from harlib.integer.inputs import input_codes
from harlib.integer.model import ACCUMULATOR_RANGE, IntegerModel
from harlib.integer.native import Engine
from harlib.plots.integer import bits_needed
from harlib.project import project_root
from harlib.runs import Run

OUT = "reference/integer"
BITS = range(4, 32)
EXACT_BITS = 24  # from here on no accumulator may differ
SLOW = ("JavaScript", "PyTorch, float64")
KINDS = ("test folds", "random", "adversarial", "layers alone")
Codes = UInt8[np.ndarray, "n channels h w"]


def test_folds(published: Run, models: list[IntegerModel]) -> list[tuple[Codes, Int64[np.ndarray, " n"]]]:
    """Codes and labels of each fold's test samples; they must be those that the published classes belong to."""
    p = parameters.check(published.parameters())
    path = project_root() / "runs/published/data.npz"
    if not path.is_file():
        print("simulating the data set (two minutes)", flush=True)
        path = simulation.cached(project_root() / "runs/scratch", p, "data")
    held = data.load(path)
    table = published.table("predictions").query("stage == 'integer'")
    found = []
    for fold, split in enumerate(data.folds(held, p.folds, p.seed, p.evaluate_on)):
        model = models[fold]
        codes = oracle.checked_input(model, input_codes(held.x[split.test], model.input.low, model.input.high))
        expected = table[table.fold == fold].set_index("sample").predicted[split.test].to_numpy()
        if not np.array_equal(oracle.predict(model, codes), expected):
            sys.exit(f"{path}: fold {fold} has other classes than {published.path}/predictions.csv: is it another run?")
        found.append((codes, held.y[split.test]))
    return found


def cases(
    model: IntegerModel, kind: str, count: int, seed: int, samples: Codes
) -> Iterator[tuple[IntegerModel, Iterable[Codes]]]:
    """Models of a kind, each with batches of inputs."""
    if kind == "test folds":
        yield model, [samples]
    elif kind == "random":
        yield model, agreement.random_inputs(model.input.shape, count, seed)
    elif kind == "adversarial":
        yield model, [agreement.adversarial_inputs(model)]
    else:
        for name in (layer.name for layer in model.convolutions):
            yield agreement.single_position(model, name), [agreement.position_inputs(model, name, 200, seed)]


def compare(models: list[IntegerModel], samples: list[Codes], inputs: int, few: int) -> pd.DataFrame:
    """Count the logits in which engines differ from the oracle; the slow ones get only `few` random inputs."""
    makers: dict[str, Callable[[IntegerModel], Engine]] = {**agreement.engines(), "PyTorch, float64": folded_network}
    versions = agreement.versions() | {"PyTorch, float64": f"PyTorch {torch.__version__}"}
    counts = {(engine, kind): np.zeros(3, np.int64) for engine in makers for kind in KINDS}
    for fold, model in enumerate(models):
        for kind in KINDS:
            started, done = time.monotonic(), 0
            for held, batches in cases(model, kind, inputs // len(models), fold, samples[fold]):
                engines = {name: make(held) for name, make in makers.items()}
                for x in batches:
                    expected = oracle.run(held, x, check_accumulators=kind != "random")
                    for name, engine in engines.items():
                        left = few // len(models) - done if name in SLOW and kind == "random" else len(x)
                        part = slice(0, max(0, left))
                        found = engine(x[part])
                        counts[name, kind] += (len(found), found.size, int((found != expected[part]).sum()))
                    done += len(x)
            print(f"fold {fold}, {kind}: {done} inputs in {time.monotonic() - started:.0f} s", flush=True)
    rows = [(engine, versions[engine], kind, *map(int, held)) for (engine, kind), held in counts.items()]
    return pd.DataFrame(rows, columns=["engine", "runs on", "inputs from", "inputs", "values", "differing"])


def folded_network(model: IntegerModel) -> Engine:
    """The folded network, torch's convolutions in float64, as an engine; exact up to 29-bit multipliers."""

    def logits(x: Codes) -> Int32[np.ndarray, "n classes"]:
        parts = [folding.trace(model, torch.from_numpy(part).double()) for part in np.split(x, range(32, len(x), 32))]
        found: Int32[np.ndarray, "n classes"] = torch.cat([part[model.linear.name] for part in parts]).int().numpy()
        return found

    return logits


def bounds(models: list[IntegerModel]) -> pd.DataFrame:
    """Bounds of all accumulators by layer, over folds and channels, and how many a layer input was seen to attain."""
    rows: dict[tuple[str, str], list[tuple[int, int, int, int]]] = {}
    for model in models:
        for name, parts in proofs.region_bounds(model).items():
            for region, bound in parts.items():
                ends = int(bound.lower.min()), int(bound.upper.max())
                rows.setdefault((name, region), []).append((*ends, 2 * len(bound.lower), attained(model, name, region)))
        pool = proofs.accumulator_bounds(model)[model.pool.name]
        ends = int(pool.lower.min()), int(pool.upper.max())
        rows.setdefault((model.pool.name, "whole map"), []).append((*ends, 0, 0))
    order = {layer.name: index for index, layer in enumerate(models[0].layers)}
    table = []
    for (name, region), held in sorted(rows.items(), key=lambda row: (order[row[0][0]], row[0][1] != "interior")):
        lowest, highest, count, found = np.array(held).T
        low, high = int(lowest.min()), int(highest.max())
        tried = (int(count.sum()), int(found.sum())) if count.any() else ("", "")
        table.append((name, region, low, high, bits_needed(low, high), *tried))
    columns = ["layer", "output positions", "lowest", "highest", "bits", "bounds", "bounds attained"]
    return pd.DataFrame(table, columns=columns)


def attained(model: IntegerModel, name: str, region: str) -> int:
    """Run the oracle on the layer input of each bound; count those that reach it exactly."""
    bound = proofs.region_bounds(model)[name][region]
    layer = next(layer for layer in model.layers if layer.name == name)
    found = 0
    for upper, ends in ((False, bound.lower), (True, bound.upper)):
        for channel, end in enumerate(ends):
            x, (row, column) = proofs.attaining_input(model, name, channel, upper, region)
            if layer is model.linear:
                reached = oracle.linear(model.linear, x[None, :, 0, 0])[0, channel]
            else:
                reached = oracle.accumulate(layer, x[None])[0, channel, row, column]
            found += int(reached == end)
    return found


def published_differences(models: list[IntegerModel]) -> pd.DataFrame:
    """Accumulators of the models as they are that get another code than from exact arithmetic, by layer."""
    rows: dict[str, list[tuple[int, int, int, int]]] = {}
    for model in models:
        for name, held in exactness.requantization_differences(model).items():
            exact = int((held.differing == 0).sum())
            counts = (len(held.total), exact, int(held.total.sum()), int(held.differing.sum()))
            rows.setdefault(name, []).append(counts)
    table = [(name, *np.sum(held, axis=0).tolist()) for name, held in rows.items()]
    table.append(("all", *np.sum([row[1:] for row in table], axis=0).tolist()))
    columns = ["layer", "channels", "channels without a difference", "accumulators", "differing"]
    return pd.DataFrame(table, columns=columns)


def by_bits(models: list[IntegerModel], samples: list[tuple[Codes, Int64[np.ndarray, " n"]]]) -> pd.DataFrame:
    """Exactness and accuracy by multiplier bits, over all folds."""
    nearest = [exactness.differences_by_bits(model, BITS, faithful=False) for model in models]
    faithful = [exactness.differences_by_bits(model, BITS) for model in models]
    classes = {
        bits: [
            oracle.predict(exactness.with_multiplier_bits(model, bits), codes)
            for model, (codes, _) in zip(models, samples, strict=True)
        ]
        for bits in BITS
    }
    labels = np.concatenate([held for _, held in samples])
    exact = np.concatenate(classes[BITS[-1]])
    rows = []
    for bits in BITS:
        named = np.concatenate(classes[bits])
        differing = (sum(held[bits] for held in way) for way in (nearest, faithful))
        rows.append((bits, *differing, int((named != exact).sum()), round(100 * float((named == labels).mean()), 2)))
    columns = ["multiplier bits", "differing, to nearest", "differing, as exported", "classes changed", "accuracy (%)"]
    return pd.DataFrame(rows, columns=columns)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="random ones, shared among the folds")
    parser.add_argument("--few", type=int, default=5_000, help="random ones for the slow engines")
    options = parser.parse_args()
    root = project_root()
    published, out = Run(root / "reference" / "published"), root / OUT
    paths = sorted((published.path / "models").glob("fold*.json"))
    models = [model_file.load(path) for path in paths]
    samples = test_folds(published, models)
    codes = [held for held, _ in samples]
    tables = {
        "agreement": compare(models, codes, options.inputs, options.few),
        "bounds": bounds(models),
        "requantization": published_differences(models),
        "bits": by_bits(models, samples),
    }
    for name, table in tables.items():
        files.write(out / f"{name}.csv", table.to_csv(index=False))
        print(f"\n{table.to_string(index=False)}")
    described = {
        "models": {path.name: files.sha256(path) for path in paths},
        "random inputs": [options.inputs, options.few],
        "reference": f"NumPy {np.__version__}",
        "accumulator range": ACCUMULATOR_RANGE,
        "fit 32 bits": all(map(proofs.fits_32_bits, models)),
    }
    files.write(out / "report.json", json.dumps(described, indent=1) + "\n")
    wrong = int(tables["agreement"]["differing"].sum())
    late = int(tables["bits"].query(f"`multiplier bits` >= {EXACT_BITS}")["differing, as exported"].sum())
    missed = int((tables["bounds"]["bounds"] != tables["bounds"]["bounds attained"]).sum())
    print(f"\n{out}: {wrong} values differ, {late} codes from {EXACT_BITS} bits on, {missed} bounds not attained")
    return int(bool(wrong or late or missed))


if __name__ == "__main__":
    sys.exit(main())
