"""Float networks trained beside the folds, to question the protocol: on a random split, and on fewer people."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt16

from harlib import data, files, fingerprint, process, seeds
from harlib.parameters import Parameters
from harlib.stages import fp32
from harlib.stages.task import Task
from harlib.study import Study

Labels = Int64[np.ndarray, " n"]


@dataclass(frozen=True)
class Training:
    """One network: what its progress line calls it, its fold (which names its random streams), samples and epochs.

    tested: whether it classifies the data set ("data") or the fresh test set ("fresh").
    """

    name: str
    fold: int
    train: tuple[int, ...]
    epochs: int
    tested: str


@dataclass(frozen=True)
class Point:
    """One network of the learning curve: its number of training subjects, and its predictions of the fresh samples."""

    subjects: int
    predicted: Labels


def run(work: Study, split: Sequence[data.Fold], random_split: Sequence[data.Fold]) -> tuple[list[Labels], list[Point]]:
    """Train all networks beside the folds at once, so that no process waits; those trained before are found again.

    Args:
        work: gives parameters and data.
        split: the study's folds, whose training people the learning curve draws from.
        random_split: folds that ignore subjects.

    Returns:
        predictions for the test samples of the first `leakage_folds` folds of the random split, and the points of the
        learning curve; none where the fresh test set is empty.
    """
    leaky = [
        Training(f"random split, fold {k + 1}", k, tuple(fold.train.tolist()), work.parameters.fp32_epochs, "data")
        for k, fold in enumerate(random_split[: work.parameters.leakage_folds])
    ]
    curve = _curve(work, split) if len(work.dataset("fresh")) else []
    found = _predictions(work, [*leaky, *(training for _, training in curve)])
    tested = [labels[fold.test] for labels, fold in zip(found[: len(leaky)], random_split, strict=False)]
    points = [Point(count, labels) for (count, _), labels in zip(curve, found[len(leaky) :], strict=True)]
    return tested, points


def _curve(work: Study, split: Sequence[data.Fold]) -> list[tuple[int, Training]]:
    """Networks of `curve_subjects` people from each of the first `curve_repeats` folds' training people.

    Within a repeat, fewer people are a part of more people. A size that leaves nobody out is the fold's own network.
    """
    p, group = work.parameters, work.dataset().group
    found = []
    for repeat, fold in enumerate(split[: p.curve_repeats]):
        rng = np.random.default_rng(seeds.derive(p.seed, "learning curve", repeat))
        people = rng.permutation(np.unique(group[fold.train]))
        for count in sorted({size for size in p.curve_subjects if size < len(people)}):
            train = tuple(fold.train[np.isin(group[fold.train], people[:count])].tolist())
            epochs = curve_epochs(p.fp32_epochs, count, len(people))
            name = f"{count} training subjects, repeat {repeat + 1}"
            found.append((count, Training(name, repeat, train, epochs, "fresh")))
    return found


def curve_epochs(epochs: int, subjects: int, of: int) -> int:
    """Epochs for `subjects` people that take as many steps as `epochs` for `of` people do.

    >>> curve_epochs(16, 6, 24)
    64
    """
    return round(epochs * of / subjects)


def _predictions(work: Study, trainings: list[Training]) -> list[Labels]:
    """Train each network, or find what it predicted before, for every sample of the set that it classifies."""
    p, sets = work.parameters, work.data_files()
    values = {name: p.model_dump(mode="json")[name] for name in (*fp32.PARAMETERS, "seed", "device")}
    values["data"] = {name: files.sha256(path) for name, path in sets.items()}
    sources = fingerprint.closure([__name__])
    marks = [fingerprint.digest({**values, "training": asdict(training)}, sources) for training in trainings]
    places = [work.target.path / "results" / "protocol" / f"{mark[:32]}.json" for mark in marks]
    found = zip(trainings, places, strict=True)
    jobs = [(p, sets, training, place) for training, place in found if not place.is_file()]
    for name, seconds in process.in_parallel(_fit, jobs, p.workers):
        work.progress(f"{name}: trained in {seconds:.0f} s")
    return [np.array(json.loads(place.read_text()), np.int64) for place in places]


def _fit(p: Parameters, sets: dict[str, Path], training: Training, place: Path) -> tuple[str, float]:
    process.set_up()
    started = time.monotonic()
    dataset, train = data.load(sets["data"]), np.array(training.train)
    x, y = _tensor(dataset.x[train], p.device), torch.from_numpy(dataset.y[train]).to(p.device)
    changed = p.model_copy(update={"fp32_epochs": training.epochs})
    fit = fp32.fit(Task(changed, dataset.classes, training.fold, x, y, x[:0], y[:0]))
    labels = fit.predict(_tensor(data.load(sets[training.tested]).x, p.device))
    files.write(place, json.dumps(labels.tolist()))
    return training.name, time.monotonic() - started


def _tensor(x: UInt16[np.ndarray, "n 64 64"], device: str) -> Float[torch.Tensor, "n 1 64 64"]:
    return torch.from_numpy(x.astype(np.float32))[:, None].to(device)
