"""Runs the chains of a plan, each stage where one with the same parameters has not run yet."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from harlib import data, execution, parameters, process, simulation
from harlib.extended.plan import Chain, chains, load, stage_module
from harlib.parameters import Parameters
from harlib.runs import Run


def run(plan: Path, folder: Path, workers: int = 2) -> None:
    """Run or resume a plan.

    Args:
        plan: YAML file.
        folder: of the run, such as runs/extended.
        workers: chains at a time, a process and a thread each.
    """
    todo = chains(load(plan))
    paths = data_files(folder)
    first = {(c.parameters.seed, c.fold, place(folder, "fp32", c.parameters)): c for c in todo}
    before = [Chain("fp32", "fp32", c.parameters, (), c.fold) for c in first.values()]
    dataset = data.load(paths["data"])
    for part in ([(folder, paths, chain, split(dataset, chain)) for chain in group] for group in (before, todo)):
        for done, line in enumerate(process.in_parallel(_run_chain, part, workers), start=1):
            if line:
                print(f"{done} of {len(part)}: {line}", flush=True)


def data_files(folder: Path) -> dict[str, Path]:
    """The data set and the fresh test set of the published parameters, made on first use."""
    paths = {name: folder / f"{name}.npz" for name in ("data", "fresh")}
    for name, path in paths.items():
        if not path.is_file():
            data.save(path, simulation.simulate(parameters.check({}), name))
    return paths


def place(folder: Path, stage: str, p: Parameters) -> Run:
    """The run that holds a stage's networks: named by the parameters of the stage and of all before it."""
    names = {"seed"}
    module: ModuleType | None = stage_module(stage)
    while module:
        names |= set(module.PARAMETERS)
        module = stage_module(module.UPSTREAM) if module.UPSTREAM else None
    values = p.model_dump(mode="json")
    text = json.dumps({name: values[name] for name in sorted(names)})
    return Run(folder / "networks" / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:12]}")


def split(dataset: data.Dataset, chain: Chain) -> data.Fold:
    """The fold of the data set that a chain is trained and tested on."""
    p = chain.parameters
    return data.folds(dataset, p.folds, p.seed, p.evaluate_on)[chain.fold]


def _run_chain(folder: Path, paths: dict[str, Path], chain: Chain, split: data.Fold) -> str:
    """Fit what is not finished of a chain; a line about it, empty where nothing was left to do."""
    fitted = []
    for name in ("fp32", *chain.stages):
        stage, p = stage_module(name), chain.parameters
        source = place(folder, stage.UPSTREAM, p) if stage.UPSTREAM else Run(folder)
        target = place(folder, name, p)
        mark = execution.mark(stage, chain.fold, p, source, paths)
        if not execution.finished(stage, chain.fold, target, mark):
            execution.fit_fold(execution.Job(stage.__name__, chain.fold, split, p, source, target, paths, mark))
            result = target.result(name, chain.fold) or {}
            fitted.append(f"{name} {100 * result['metrics']['fresh_accuracy']:.2f} %")
    where = f"{chain.table}: {chain.point}, seed {chain.parameters.seed}, fold {chain.fold + 1}"
    return f"{where}: {', '.join(fitted)}" if fitted else ""


def results(folder: Path, paths: dict[str, Path], chain: Chain) -> Iterator[tuple[str, dict[str, Any]]]:
    """Finished stages of a chain and their results, up to the first that is missing or out of date."""
    for name in ("fp32", *chain.stages):
        stage, p = stage_module(name), chain.parameters
        source = place(folder, stage.UPSTREAM, p) if stage.UPSTREAM else Run(folder)
        target = place(folder, name, p)
        if not target.result(name, chain.fold):
            return
        if not execution.finished(stage, chain.fold, target, execution.mark(stage, chain.fold, p, source, paths)):
            return
        yield name, target.result(name, chain.fold) or {}
