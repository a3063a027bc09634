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
from harlib.extended import shown
from harlib.extended.plan import Chain, chains, load
from harlib.extended.run import data_files, results, split
from harlib.parameters import Parameters
from harlib.project import project_root

RESULTS = ["table", "point", "stage", "seed", "fold", "metric", "value"]
FILES = ("plan.yml", "results.csv", "summary.csv", "manifest.json")
EPOCHS = {"fp32": "fp32_epochs", "qat": "qat_epochs", "pruned": "prune_epochs", "sparse": "prune_epochs"}


def write(plan: Path, folder: Path) -> None:
    """Write results.csv, summary.csv, manifest.json, the plan itself and what the book shows of what is finished."""
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
    files.write(folder / "summary.csv", pd.DataFrame(summary, columns=shown.SUMMARY).to_csv(index=False))
    files.write(folder / "plan.yml", plan.read_text())
    shown.write(folder)
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


def publish(folder: Path) -> None:
    """Copy tables, figures, plan and manifest to reference/, a folder of the same name; nobody edits them by hand."""
    made = sorted([*(folder / "tables").glob("*.csv"), *(folder / "figures").glob("*.svg")])
    names = [*FILES, *(path.relative_to(folder).as_posix() for path in made)]
    for name in names:
        if not (folder / name).is_file():
            raise HarlibError(f"{folder / name} is missing: run the plan with `harlib extended` first")
    for name in names:
        files.write(project_root() / "reference" / folder.name / name, (folder / name).read_text())


def _epoch(stage: str, p: Parameters, result: dict[str, Any]) -> float:
    """Processor seconds of one epoch; nan where a stage does not train."""
    return float(result["cpu_seconds"] / getattr(p, EPOCHS[stage])) if stage in EPOCHS else float("nan")


def _summary(
    parts: list[tuple[Chain, dict[str, Any], dict[str, Any]]], stage: str, dataset: data.Dataset, fresh: data.Dataset
) -> tuple[float, ...]:
    """A row of `shown.SUMMARY` without its key.

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
