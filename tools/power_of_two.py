"""What multipliers that are powers of two cost in accuracy: pairs of networks on the same people.

    python tools/power_of_two.py [--run power-of-two] [--out reference/power-of-two]

Needs the finished run of config/power-of-two.yml (`harlib extended config/power-of-two.yml`). Writes
comparison.csv and, as models/foldK.json with test vectors, the integer networks of the first seed with powers of two.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from harlib import data, evaluate, files
from harlib.errors import HarlibError
from harlib.extended import plan as plans
from harlib.extended import run as extended
from harlib.integer import exactness, native
from harlib.integer.inputs import input_codes
from harlib.integer.model import IntegerModel, load
from harlib.project import project_root

Labels = Int64[np.ndarray, " n"]
Named = tuple[Labels, Labels]  # classes of the fold's test samples and of the fresh ones
PAIRS = (
    ("fp32 with powers of two", ("dyadic", "fp32"), ("powers of two", "fp32")),
    ("integer, each multiplier rounded afterwards", ("dyadic", "integer"), ("rounded", "integer")),
    ("integer, trained so from the free fp32", ("dyadic", "integer"), ("powers of two, from the free fp32", "integer")),
    ("integer, trained so from an fp32 that has them", ("dyadic", "integer"), ("powers of two", "integer")),
    ("integer, trained so, against its own fp32", ("powers of two", "fp32"), ("powers of two", "integer")),
    ("integer, dyadic, against its own fp32", ("dyadic", "fp32"), ("dyadic", "integer")),
)


class Study:
    """The finished run: what each network of it said of the samples."""

    def __init__(self, folder: Path, plan: Path) -> None:
        self.folder, self.paths = folder, extended.data_files(folder)
        self.data, self.fresh = (data.load(self.paths[name]) for name in ("data", "fresh"))
        self.chains = plans.chains(plans.load(plan))

    def splits(self, point: str) -> list[Labels]:
        """Test samples of every network of a point."""
        return [extended.split(self.data, chain).test for chain in self._of(point)]

    def named(self, point: str, stage: str) -> Iterator[Named]:
        """Classes that every network of a point gave; of "rounded", those of the dyadic models rounded afterwards."""
        if point == "rounded":
            for chain in self._of("dyadic"):
                model = exactness.with_powers_of_two(self.model(chain))
                test = extended.split(self.data, chain).test
                yield _classes(model, self.data.x[test]), _classes(model, self.fresh.x)
            return
        for chain in self._of(point):
            found = self._result(chain, stage)
            yield np.array(found["predictions"]), np.array(found["fresh_predictions"])

    def model(self, chain: plans.Chain) -> IntegerModel:
        """The integer model of a chain."""
        return load(self._place(chain) / "models" / f"fold{chain.fold}.json")

    def publish(self, point: str, out: Path) -> None:
        """Copy the models and test vectors of a point's first seed."""
        for chain in self._of(point):
            if chain.parameters.seed == 0:
                for name in (f"models/fold{chain.fold}.json", f"vectors/fold{chain.fold}.npz"):
                    files.write(out / name, (self._place(chain) / name).read_bytes())

    def _of(self, point: str) -> list[plans.Chain]:
        return [chain for chain in self.chains if chain.point == point]

    def _place(self, chain: plans.Chain) -> Path:
        return extended.place(self.folder, "integer", chain.parameters).path

    def _result(self, chain: plans.Chain, stage: str) -> dict[str, Any]:
        for name, found in extended.results(self.folder, self.paths, chain):
            if name == stage:
                return found
        raise HarlibError(
            f"{chain.point}, seed {chain.parameters.seed}, fold {chain.fold}: {stage} is not finished or out of date; "
            "run `harlib extended config/power-of-two.yml`"
        )


def _classes(model: IntegerModel, raw: np.ndarray) -> Labels:
    classes: Labels = native.engine(model)(input_codes(raw, model.input.low, model.input.high)).argmax(1)
    return classes


def compare(study: Study) -> pd.DataFrame:
    """Points lost from the first to the second network of each pair, on the same samples."""
    rows = []
    for name, before, after in PAIRS:
        sides = [list(study.named(*side)) for side in (before, after)]
        tests = study.splits(before[0])
        fresh = [(np.array([held[1] for held in side]) == study.fresh.y).mean(0) for side in sides]
        folds = [
            np.concatenate([held[0] == study.data.y[test] for held, test in zip(side, tests, strict=True)])
            for side in sides
        ]
        group = study.data.group[np.concatenate(tests)]
        rows.append(
            {
                "network": name,
                "against": " ".join(before),
                "networks": len(tests),
                "fresh accuracy (%)": f"{100 * fresh[1].mean():.2f}",
                "fresh loss (points)": evaluate.paired_drop(*fresh, study.fresh.group).in_percent(),
                "loss on folds (points)": evaluate.paired_drop(*folds, group).in_percent(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Write the comparison and the models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="power-of-two", help="name of the folder under runs/")
    parser.add_argument("--out", type=Path, default=project_root() / "reference" / "power-of-two")
    options = parser.parse_args()
    study = Study(project_root() / "runs" / options.run, project_root() / "config" / "power-of-two.yml")
    files.write(options.out / "comparison.csv", compare(study).to_csv(index=False))
    study.publish("powers of two", options.out)


if __name__ == "__main__":
    main()
