"""Write what a model takes and what it computes: reference/engines/sizes.csv and operations.csv.

    python tools/model_sizes.py [MODEL.json] [--out reference/engines]

Energies are estimates from published figures, not measurements: Horowitz, ISSCC 2014, figure 1.1.9, 45 nm at 0.9 V.
"""

import argparse
import csv
import math
from pathlib import Path

import numpy as np

from harlib.integer import storage
from harlib.integer.c import packing
from harlib.integer.model import Conv2d, IntegerModel, load
from harlib.project import project_root

PICOJOULES = {"add 32 bit": 0.1, "multiply 32 bit": 3.1, "multiply 8 bit": 0.2, "float multiply": 3.7, "float add": 0.9}


def sizes(model: IntegerModel) -> list[dict[str, str]]:
    """Bytes of the ternary layers' weights in several forms."""
    weights = [layer.weights.ravel() for layer in (*model.convolutions, model.linear)]
    count = sum(map(len, weights))
    forms = {
        "fp32": 4.0 * count,
        "int8": float(count),
        "ternary, 2 bits a weight": float(sum(packing.pack(layer).size for layer in weights)),
        "ternary, five weights a byte (1.6 bits)": float(sum(len(storage.pack_fives(layer)) for layer in weights)),
        "entropy bound, a code a layer": sum(storage.entropy(layer) * len(layer) for layer in weights) / 8,
    }
    return [
        {"weights as": name, "bytes": str(math.ceil(size)), "bits a weight": f"{8 * size / count:.2f}"}
        for name, size in forms.items()
    ]


def operations(model: IntegerModel) -> list[dict[str, str]]:
    """Operations of one inference by layer: the integer engine's, and the products that a dense network has."""
    rows = []
    for site in model.sites():
        layer, (_, *size), _ = site
        if isinstance(layer, Conv2d):
            height, width = layer.output_size((size[0], size[1]))
            cells, outputs = height * width, height * width * layer.out_channels
            rows.append(_row(layer.name, cells * np.count_nonzero(layer.weights), outputs, cells * layer.weights.size))
    linear = model.linear.weights
    rows.append(_row(model.linear.name, np.count_nonzero(linear), 0, linear.size))
    keys = ("additions", "requantizations", "dense products")
    total = {key: str(sum(int(row[key]) for row in rows)) for key in keys}
    energy = {key: f"{sum(float(row[key]) for row in rows):.3f}" for key in rows[0] if key.endswith("(µJ)")}
    return [*rows, {"layer": "all"} | total | energy]


def _row(name: str, additions: int, requantizations: int, products: int) -> dict[str, str]:
    outputs = requantizations * (PICOJOULES["multiply 32 bit"] + PICOJOULES["add 32 bit"])  # int8 pays for them, too
    own = additions * PICOJOULES["add 32 bit"] + outputs
    int8 = products * (PICOJOULES["multiply 8 bit"] + PICOJOULES["add 32 bit"]) + outputs
    return {
        "layer": name,
        "additions": str(additions),
        "requantizations": str(requantizations),
        "dense products": str(products),
        "ternary, estimate (µJ)": f"{own * 1e-6:.3f}",
        "int8, estimate (µJ)": f"{int8 * 1e-6:.3f}",
        "fp32, estimate (µJ)": f"{products * (PICOJOULES['float multiply'] + PICOJOULES['float add']) * 1e-6:.3f}",
    }


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = project_root()
    parser.add_argument(
        "model", type=Path, nargs="?", default=root / "reference" / "published" / "models" / "fold0.json"
    )
    parser.add_argument("--out", type=Path, default=root / "reference" / "engines")
    options = parser.parse_args()
    model = load(options.model)
    for name, rows in (("sizes.csv", sizes(model)), ("operations.csv", operations(model))):
        with (options.out / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
