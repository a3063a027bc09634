"""One fold of one stage in a process of its own: from a data file to a checkpoint and its result."""

import importlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from jaxtyping import Float, UInt16
from torch import Tensor

from harlib import data, files, fingerprint, process
from harlib.parameters import Parameters
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages.task import Task


@dataclass(frozen=True)
class Job:
    """What a process is sent: a stage by module name, the fold's samples as indices into files, what marks its result.

    Indices, not a split to be made again: the library that splits takes a second to import.
    """

    module: str
    fold: int
    split: data.Fold
    parameters: Parameters
    source: Run
    target: Run
    data_files: dict[str, Path]
    fingerprint: str


def make_task(
    stage: ModuleType, fold: int, split: data.Fold, parameters: Parameters, source: Run, dataset: data.Dataset
) -> Task:
    """What a stage is given: the fold's samples and the upstream stage's tensors from `source`."""
    device = torch.device(parameters.device)
    train, test = ((_tensor(dataset.x[part], device), part) for part in (split.train, split.test))
    y = torch.from_numpy(dataset.y).to(device)
    upstream = source.state(stage.UPSTREAM, fold) if stage.UPSTREAM else {}
    return Task(parameters, dataset.classes, fold, train[0], y[train[1]], test[0], y[test[1]], upstream)


def _tensor(x: UInt16[np.ndarray, "n 64 64"], device: torch.device) -> Float[Tensor, "n 1 64 64"]:
    return torch.from_numpy(x.astype(np.float32))[:, None].to(device)


def mark(stage: ModuleType, fold: int, parameters: Parameters, source: Run, data_files: dict[str, Path]) -> str:
    """What a stage's result of one fold depends on, as one hash: parameters, data, lock, modules, upstream."""
    p = parameters.model_dump(mode="json")
    names = (*stage.PARAMETERS, "seed", "folds", "evaluate_on", "device")
    lock = project_root() / "requirements.lock"
    values = {
        "fold": fold,
        "parameters": {name: p[name] for name in names},
        "data": [files.sha256(path) for path in data_files.values()],
        "lock": files.sha256(lock) if lock.is_file() else None,
    }
    if stage.UPSTREAM:
        source.state(stage.UPSTREAM, fold)
        values["upstream"] = files.sha256(source.checkpoint(stage.UPSTREAM, fold))
    return fingerprint.digest(values, fingerprint.closure([stage.__name__, __name__]))


def finished(stage: ModuleType, fold: int, run: Run, mark: str) -> bool:
    """Whether a run holds this very result of a stage and fold, with all of its files."""
    result = run.result(stage.NAME, fold)
    return bool(result and result.get("fingerprint") == mark and run.whole(stage.NAME, fold))


def fit_fold(job: Job) -> int:
    """Fit one fold, write what it leaves (the result last) and return the fold's number."""
    process.set_up()
    stage = importlib.import_module(job.module)
    began, started = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    dataset = data.load(job.data_files["data"])
    task = make_task(stage, job.fold, job.split, job.parameters, job.source, dataset)
    processor = time.process_time()
    fit = stage.fit(task)
    processor = time.process_time() - processor
    predicted = fit.predict(task.test_x)
    fresh = data.load(job.data_files["fresh"])
    # Own recordings come without a fresh test set.
    fresh_predicted = fit.predict(_tensor(fresh.x, task.x.device)) if len(fresh) else np.zeros(0, np.int64)
    held = [job.target.save_state(stage.NAME, job.fold, fit.state)] if fit.state else []
    for name, save in fit.files.items():
        save(job.target.path / name)
        held.append(job.target.path / name)
    metrics = {
        "accuracy": float((predicted == task.test_y.cpu().numpy()).mean()),
        **({"fresh_accuracy": float((fresh_predicted == fresh.y).mean())} if len(fresh) else {}),
        **fit.metrics,
    }
    result = {
        "fingerprint": job.fingerprint,
        "files": {path.relative_to(job.target.path).as_posix(): files.sha256(path) for path in held},
        "started": began,
        "seconds": time.monotonic() - started,
        "cpu_seconds": processor,  # of fitting alone; comparable where processes wait for each other
        "peak_memory_mb": process.peak_memory_mb(),
        "metrics": metrics,
        "history": fit.history,
        "predictions": predicted.tolist(),
        "fresh_predictions": fresh_predicted.tolist(),
    }
    files.write(job.target.result_path(stage.NAME, job.fold), json.dumps(result))
    return job.fold
