"""Two runs side by side: accuracies with intervals, in pairs where the samples are the same, and what was changed."""

import json
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from harlib import evaluate
from harlib.evaluate import Interval
from harlib.integer import model
from harlib.manifest import Manifest
from harlib.runs import Run
from harlib.stages import ORDER

PARAMETER, PACKAGE = "parameter ", "package "  # begin the names of such changes
CLASSES = "classes"
Samples = Literal["test", "fresh"]


class Difference(NamedTuple):
    """Accuracy of a stage in both runs, 0..1, and the own one less the other with its 95 % interval.

    paired: whether both runs judged the very same samples, so that the difference is taken sample by sample.
    """

    samples: Samples
    stage: str
    other: float
    own: float
    gain: Interval
    paired: bool


def differences(other: Run, own: Run, same_data: dict[str, bool]) -> list[Difference]:
    """Compare the accuracy of every stage that both runs hold.

    Args:
        other: the run to compare with.
        own: the run to compare.
        same_data: for "data" and "fresh", whether both runs have the same samples.
    """
    return [
        _difference(samples, stage, (before[stage], after[stage]), same_data.get(data, False))
        for samples, data, read in (("test", "data", _test), ("fresh", "fresh", _fresh))
        for before, after in [(read(other), read(own))]
        for stage in ORDER
        if stage in before and stage in after
    ]


def _difference(samples: Any, stage: str, tables: tuple[pd.DataFrame, pd.DataFrame], same: bool) -> Difference:
    before, after = tables
    both = before.join(after["score"].rename("own"), how="inner")
    paired = same and len(both) == len(before) == len(after)
    if paired:
        drop = evaluate.paired_drop(both["score"].to_numpy(float), both["own"].to_numpy(float), _group(both))
    else:
        scores = (before["score"].to_numpy(float), after["score"].to_numpy(float))
        drop = evaluate.unpaired_drop(scores[0], _group(before), scores[1], _group(after))
    means = (float(before["score"].mean()), float(after["score"].mean()))
    return Difference(samples, stage, *means, Interval(-drop.estimate + 0.0, -drop.high, -drop.low), paired)


def _group(table: pd.DataFrame) -> np.ndarray:
    return table["group"].to_numpy(np.int64)


def _test(run: Run) -> dict[str, pd.DataFrame]:
    """Whether each test sample is classified right, a table a stage."""
    table = pd.read_csv(run.path / "predictions.csv")
    table["score"] = table["predicted"] == table["label"]
    return {str(stage): rows.groupby("sample")[["score", "group"]].mean() for stage, rows in table.groupby("stage")}


def _fresh(run: Run) -> dict[str, pd.DataFrame]:
    """The share of the folds' networks that classify each fresh sample right, a table a stage."""
    path = run.path / "fresh_predictions.csv"
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=["stage"])
    folds = [name for name in table.columns if name.startswith("fold")]
    table["score"] = table[folds].eq(table["label"], axis=0).mean(axis=1) if folds else 0.0
    return {str(stage): rows.set_index("sample")[["score", "group"]] for stage, rows in table.groupby("stage")}


def means(other: Run, own: Run) -> list[tuple[str, str, float, float]]:
    """Every metric's mean over the folds in both runs: stage, metric, the other run's, the own one's."""
    tables = [
        pd.read_csv(run.path / "metrics.csv").groupby(["stage", "metric"])["value"].mean() for run in (other, own)
    ]
    both = pd.concat(tables, axis=1, keys=["other", "own"], join="inner")
    rows = [
        (str(key[0]), str(key[1]), float(a), float(b)) for key, (a, b) in zip(both.index, both.to_numpy(), strict=True)
    ]
    return sorted((row for row in rows if row[0] in ORDER), key=lambda row: ORDER.index(row[0]))


def changes(other: Manifest, own: Manifest) -> list[tuple[str, str, str]]:
    """What was not the same: parameters, code, data, versions, machine; a name and both values each."""
    values = [_flat(made) for made in (other, own)]
    names = list(dict.fromkeys([*values[0], *values[1]]))
    rows = [(name, values[0].get(name, "none"), values[1].get(name, "none")) for name in names]
    return [row for row in rows if row[1] != row[2]]


def _flat(made: Manifest) -> dict[str, str]:
    facts = {f"{PARAMETER}{name}": json.dumps(value) for name, value in sorted(made.parameters.items())}
    facts |= {
        "commit": f"{made.commit or 'not known'}{' with changes' if made.dirty else ''}",
        "harlib's sources": made.harlib.sources[:12],
        "harlib": made.harlib.version,
        "requirements.lock": (made.lock or "not known")[:12],
        "Python": made.python,
        "system": made.system,
        "processor": made.cpu.name,
    }
    facts |= {f"data: {name}.npz" if name == "data" else f"data: {name}": mark[:12] for name, mark in made.data.items()}
    return facts | {f"{PACKAGE}{name}": version for name, version in sorted(made.packages.items())}


def equal_files(other: Manifest, own: Manifest) -> tuple[int, int]:
    """How many result files are equal bit for bit, of how many that both runs have."""
    common = other.files.keys() & own.files.keys()
    return sum(other.files[name] == own.files[name] for name in common), len(common)


def classes(other: Run, own: Run) -> list[tuple[str, str, str]]:
    """The classes of both runs as a change, where they are not the same in the same order."""
    before, after = (", ".join(model.load(run.path / "models" / "fold0.json").classes) for run in (other, own))
    return [] if before == after else [(CLASSES, before, after)]
