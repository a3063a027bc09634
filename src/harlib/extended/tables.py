"""What is finished of an extended study, as small tables and a manifest."""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harlib import data, evaluate, files, fingerprint, provenance
from harlib.errors import HarlibError
from harlib.extended.plan import Chain, chains, load
from harlib.extended.run import data_files, results, split
from harlib.parameters import Parameters
from harlib.project import project_root

RESULTS = ["table", "point", "stage", "seed", "fold", "metric", "value"]
SUMMARY = [
    *("table", "point", "stage", "networks", "zeros", "accuracy", "accuracy_low", "accuracy_high"),
    *("drop", "drop_low", "drop_high", "fold_accuracy", "fold_drop", "fold_drop_low", "fold_drop_high", "time_ratio"),
]
"""Of summary.csv: over all networks of a point, the mean share of zeros; accuracy and drop against fp32 on the fresh
test set with 95 % intervals over its subjects; the same on the folds' test samples; processor time of one epoch over
fp32's. Shares and accuracies in 0..1; empty where there is nothing to tell."""
FILES = ("plan.yml", "results.csv", "summary.csv", "manifest.json")
EPOCHS = {"fp32": "fp32_epochs", "qat": "qat_epochs", "pruned": "prune_epochs", "sparse": "prune_epochs"}


def write(plan: Path, folder: Path) -> None:
    """Write results.csv, summary.csv, manifest.json and the plan itself of what is finished."""
    todo, paths = chains(load(plan)), data_files(folder)
    rows: list[tuple[Any, ...]] = []
    held: dict[tuple[str, str, str], list[tuple[Chain, dict[str, Any], dict[str, Any]]]] = {}
    missing: list[str] = []
    for chain in todo:
        found = dict(results(folder, paths, chain))
        for stage in chain.stages:
            if stage not in found:
                missing.append(
                    f"{chain.table}: {chain.point}: seed {chain.parameters.seed}, fold {chain.fold}: {stage}"
                )
                continue
            metrics = {**found[stage]["metrics"], "epoch_cpu_seconds": _epoch(stage, chain.parameters, found[stage])}
            key = (chain.table, chain.point, stage)
            rows += [(*key, chain.parameters.seed, chain.fold, name, value) for name, value in metrics.items()]
            held.setdefault(key, []).append((chain, found["fp32"], found[stage]))
    dataset, fresh = data.load(paths["data"]), data.load(paths["fresh"])
    summary = [(*key, *_summary(parts, key[2], dataset, fresh)) for key, parts in held.items()]
    files.write(folder / "results.csv", pd.DataFrame(rows, columns=RESULTS).to_csv(index=False))
    files.write(folder / "summary.csv", pd.DataFrame(summary, columns=SUMMARY).to_csv(index=False))
    for title, table in load(plan).items():
        shown = table.stages if "integer" in table.stages else table.stages[-1:]  # a whole chain, or its end
        rows_of: list[tuple[Any, ...]] = []
        for point in table.points:
            found_of = [row for row in summary if row[:2] == (title, point) and row[2] in shown]
            rows_of += found_of or [_unfinished(title, point)]
        files.write(folder / "tables" / f"{title}.csv", readable(rows_of).to_csv(index=False))
    files.write(folder / "plan.yml", plan.read_text())
    root = project_root()
    commit, dirty = provenance.git_state(root)
    manifest = {
        "commit": commit,
        "dirty": dirty,
        "sources": fingerprint.sources_hash(),
        "lock": files.sha256(root / "requirements.lock"),
        "data": {name: files.sha256(path) for name, path in paths.items()},
        "python": platform.python_version(),
        "packages": provenance.package_versions(),
        "cpu": {"name": provenance.cpu_name(), "count": os.cpu_count()},
        "cpu_seconds": round(sum(_times(folder))),
        "complete": not missing,
        "missing": missing,
    }
    files.write(folder / "manifest.json", json.dumps(manifest, indent=1) + "\n")


def _unfinished(title: str, point: str) -> tuple[Any, ...]:
    return (title, point, "not finished", 0, *[float("nan")] * (len(SUMMARY) - 4))


def readable(summary: list[tuple[Any, ...]]) -> pd.DataFrame:
    """A table of the book: what summary.csv says of one title, in percent and points, with intervals in brackets."""

    def percent(value: float) -> str:
        return "" if np.isnan(value) else f"{100 * value:.2f}"

    def interval(estimate: float, low: float, high: float) -> str:
        ends = "" if np.isnan(low) else f" ({100 * low:.2f} to {100 * high:.2f})"
        return f"{percent(estimate)}{ends}"

    table = pd.DataFrame(summary, columns=SUMMARY)
    shown = pd.DataFrame({"point": table["point"], "stage": table["stage"], "networks": table["networks"]})
    shown["zeros (%)"] = [percent(value) for value in table["zeros"]]
    for name, label in (("accuracy", "fresh accuracy (%)"), ("drop", "drop (points)"), ("fold_drop", "drop on folds")):
        ends = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
        shown[label] = [interval(*values) for values in ends]
    shown["epoch, times fp32"] = ["" if np.isnan(value) else f"{value:.2f}" for value in table["time_ratio"]]
    return shown


def publish(folder: Path) -> None:
    """Copy the tables, the plan and the manifest to reference/extended; nobody edits them by hand."""
    names = [*FILES, *(f"tables/{path.name}" for path in sorted((folder / "tables").glob("*.csv")))]
    for name in names:
        if not (folder / name).is_file():
            raise HarlibError(f"{folder / name} is missing: run the plan with `harlib extended` first")
    for name in names:
        files.write(project_root() / "reference" / "extended" / name, (folder / name).read_text())


def _epoch(stage: str, p: Parameters, result: dict[str, Any]) -> float:
    """Processor seconds of one epoch; nan where a stage does not train."""
    return float(result["cpu_seconds"] / getattr(p, EPOCHS[stage])) if stage in EPOCHS else float("nan")


def _summary(
    parts: list[tuple[Chain, dict[str, Any], dict[str, Any]]], stage: str, dataset: data.Dataset, fresh: data.Dataset
) -> tuple[float, ...]:
    """A row of SUMMARY without its key.

    Networks of several folds and seeds that classify the same samples are no further samples: a sample's score is the
    share of them that is right, and subjects are drawn with all their samples.
    """
    before, after = (np.array([result["fresh_predictions"] for result in side]) == fresh.y for side in _sides(parts))
    accuracy = evaluate.over_subjects(after.mean(0), fresh.group)
    drop = evaluate.paired_drop(before.mean(0), after.mean(0), fresh.group)
    tests = [split(dataset, chain).test for chain, _, _ in parts]
    scores = [
        np.concatenate([np.array(result["predictions"]) == dataset.y[t] for result, t in zip(side, tests, strict=True)])
        for side in _sides(parts)
    ]
    group = dataset.group[np.concatenate(tests)]
    on_folds = evaluate.paired_drop(scores[0], scores[1], group)
    epochs = [(_epoch("fp32", c.parameters, a), _epoch(stage, c.parameters, b)) for c, a, b in parts]
    zeros = np.mean([result["metrics"].get("zeros", np.nan) for _, _, result in parts])
    ratio = float(np.median([b / a for a, b in epochs]))
    return (len(parts), float(zeros), *accuracy, *drop, float(scores[1].mean()), *on_folds, ratio)


def _sides(parts: list[tuple[Chain, dict[str, Any], dict[str, Any]]]) -> tuple[list[dict[str, Any]], ...]:
    return [before for _, before, _ in parts], [after for _, _, after in parts]


def _times(folder: Path) -> Iterator[float]:
    for path in sorted((folder / "networks").glob("*/results/*/*.json")):
        yield json.loads(path.read_text())["cpu_seconds"]
