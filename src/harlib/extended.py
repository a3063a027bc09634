"""The extended study: the same stages with other seeds and parameters, planned in one YAML file.

    title: {seeds: [0, 1], folds: [0, 1, 2], stages: [qat, pruned], points: {name: {parameter: value, ...}, ...}}

A table is a title with points; each point is the published study with a few parameters changed, on the given training
seeds and folds. The data are one data set and one fresh test set, whatever the training seed. Chains of stages run in
the plan's order, most important first; a stage that several points share is trained once, and what is finished is
found again, so a run that was stopped goes on. Results become small tables and a manifest, which also says what the
plan holds and the run does not.
"""

import hashlib
import importlib
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harlib import data, evaluate, execution, files, fingerprint, parameters, process, provenance, runs, simulation
from harlib.errors import HarlibError
from harlib.parameters import Parameters
from harlib.project import project_root
from harlib.runs import Run

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


class Table(BaseModel):
    """Points that belong together: what each changes, and the seeds, folds and stages that all are run with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: tuple[int, ...] = Field(min_length=1)
    folds: tuple[int, ...] = Field(min_length=1)
    stages: tuple[str, ...] = Field(min_length=1)
    points: dict[str, dict[str, Any]] = Field(min_length=1)


@dataclass(frozen=True)
class Chain:
    """One fold of one point with one seed: fp32 and the stages after it."""

    table: str
    point: str
    parameters: Parameters
    stages: tuple[str, ...]
    fold: int


def load(path: Path) -> dict[str, Table]:
    """Read a plan and check every name and value in it.

    Raises:
        HarlibError: no plan, or a point whose parameters are not allowed.
    """
    found = {}
    for title, content in runs.read_yaml(path, nested=True).items():
        try:
            found[title] = Table.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in (title, *first["loc"]))
            raise HarlibError(f"{path}: {place}: {first['msg'].lower()}") from None
        for name, changes in found[title].points.items():
            for seed in found[title].seeds:
                p = parameters.check({**changes, "seed": seed}, f"{path}: {title}: {name}")
                if not all(0 <= fold < p.folds for fold in found[title].folds):
                    raise HarlibError(f"{path}: {title}: folds {found[title].folds} must lie in 0..{p.folds - 1}")
        for stage in found[title].stages:
            _stage(stage)
    return found


def chains(plan: dict[str, Table]) -> list[Chain]:
    """All chains of a plan in its order."""
    return [
        Chain(title, name, parameters.check({**changes, "seed": seed}), table.stages, fold)
        for title, table in plan.items()
        for name, changes in table.points.items()
        for seed in table.seeds
        for fold in table.folds
    ]


def run(plan: Path, folder: Path, workers: int = 2) -> None:
    """Run or resume a plan, then write its tables and manifest.

    Args:
        plan: YAML file.
        folder: of the run, such as runs/extended.
        workers: chains at a time, a process and a thread each.
    """
    todo = chains(load(plan))
    paths = _data(folder)
    first = {(c.parameters.seed, c.fold, _place(folder, "fp32", c.parameters)): c for c in todo}
    before = [Chain("fp32", "fp32", c.parameters, (), c.fold) for c in first.values()]
    dataset = data.load(paths["data"])
    for part in ([(folder, paths, chain, _split(dataset, chain)) for chain in group] for group in (before, todo)):
        for done, line in enumerate(process.in_parallel(_run_chain, part, workers), start=1):
            if line:
                print(f"{done} of {len(part)}: {line}", flush=True)
    write(plan, folder)


def write(plan: Path, folder: Path) -> None:
    """Write results.csv, summary.csv, manifest.json and the plan itself of what is finished."""
    todo, paths = chains(load(plan)), _data(folder)
    rows: list[tuple[Any, ...]] = []
    held: dict[tuple[str, str, str], list[tuple[Chain, dict[str, Any], dict[str, Any]]]] = {}
    missing: list[str] = []
    for chain in todo:
        found = dict(_results(folder, paths, chain))
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
        rows_of = [row for row in summary if row[0] == title and row[2] in shown]
        rows_of += [_unfinished(title, point) for point in table.points if point not in {row[1] for row in rows_of}]
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


def _data(folder: Path) -> dict[str, Path]:
    """The data set and the fresh test set of the published parameters, made on first use."""
    paths = {name: folder / f"{name}.npz" for name in ("data", "fresh")}
    for name, path in paths.items():
        if not path.is_file():
            data.save(path, simulation.simulate(parameters.check({}), name))
    return paths


def _stage(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"harlib.stages.{name.replace('-', '_')}")
    except ModuleNotFoundError:
        raise HarlibError(f"stage {name!r} is unknown") from None


def _place(folder: Path, stage: str, p: Parameters) -> Run:
    """The run that holds a stage's networks: named by the parameters of the stage and of all before it."""
    names = {"seed"}
    module: ModuleType | None = _stage(stage)
    while module:
        names |= set(module.PARAMETERS)
        module = _stage(module.UPSTREAM) if module.UPSTREAM else None
    values = p.model_dump(mode="json")
    text = json.dumps({name: values[name] for name in sorted(names)})
    return Run(folder / "networks" / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:12]}")


def _split(dataset: data.Dataset, chain: Chain) -> data.Fold:
    p = chain.parameters
    return data.folds(dataset, p.folds, p.seed, p.evaluate_on)[chain.fold]


def _run_chain(folder: Path, paths: dict[str, Path], chain: Chain, split: data.Fold) -> str:
    """Fit what is not finished of a chain; a line about it, empty where nothing was left to do."""
    fitted = []
    for name in ("fp32", *chain.stages):
        stage, p = _stage(name), chain.parameters
        source = _place(folder, stage.UPSTREAM, p) if stage.UPSTREAM else Run(folder)
        target = _place(folder, name, p)
        mark = execution.mark(stage, chain.fold, p, source, paths)
        if not execution.finished(stage, chain.fold, target, mark):
            execution.fit_fold(execution.Job(stage.__name__, chain.fold, split, p, source, target, paths, mark))
            result = target.result(name, chain.fold) or {}
            fitted.append(f"{name} {100 * result['metrics']['fresh_accuracy']:.2f} %")
    where = f"{chain.table}: {chain.point}, seed {chain.parameters.seed}, fold {chain.fold + 1}"
    return f"{where}: {', '.join(fitted)}" if fitted else ""


def _results(folder: Path, paths: dict[str, Path], chain: Chain) -> Iterator[tuple[str, dict[str, Any]]]:
    """Finished stages of a chain and their results, up to the first that is missing or out of date."""
    for name in ("fp32", *chain.stages):
        stage, p = _stage(name), chain.parameters
        source = _place(folder, stage.UPSTREAM, p) if stage.UPSTREAM else Run(folder)
        target = _place(folder, name, p)
        if not target.result(name, chain.fold):
            return
        if not execution.finished(stage, chain.fold, target, execution.mark(stage, chain.fold, p, source, paths)):
            return
        yield name, target.result(name, chain.fold) or {}


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
    tests = [_split(dataset, chain).test for chain, _, _ in parts]
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
