"""What is finished of a sweep: one tidy table, and accuracies of its points with intervals."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int64

from harlib import data, evaluate, files
from harlib.evaluate import Interval
from harlib.runs import Run
from harlib.sweeps.graph import marker

TABLE = "results.csv"
"""A row a run, stage, fold and metric: the parameters that the sweep varies, seed, stage, fold, metric, value."""


class Place(NamedTuple):
    """One stage at one point, over the networks of all its finished seeds and folds.

    zeros: mean share of zero weights, nan where the stage has none; accuracy: on the folds' test (or validation)
    samples; drop: against fp32 on the same; fresh, fresh_drop: on the fresh test set, None for recordings, which have
    none, and where the sweep is judged on validation subjects.
    """

    point: dict[str, Any]
    stage: str
    networks: int
    zeros: float
    accuracy: Interval
    drop: Interval
    fresh: Interval | None
    fresh_drop: Interval | None


def write(folder: Path, plan: dict[str, Any]) -> None:
    """Write the rows of all finished runs, in the sweep's order."""
    parts = [path.read_text() for path in (folder / marker(name) for name in plan["results"]) if path.is_file()]
    head = parts[0].splitlines()[:1] if parts else []
    rows = [line for part in parts for line in part.splitlines()[1:]]
    files.write(folder / TABLE, "".join(f"{line}\n" for line in [*head, *rows]))


def places(folder: Path, plan: dict[str, Any]) -> list[Place]:
    """Every shown stage of every point that has a finished run."""
    points: dict[str, list[dict[str, str]]] = {}
    for run, name in zip(plan["runs"], plan["results"], strict=True):
        if (folder / marker(name)).is_file():
            networks = {needed.split("/")[0]: needed for needed in plan["jobs"][name]["needs"]}
            points.setdefault(json.dumps(run["point"]), []).append(networks)
    return [
        _place(folder, json.loads(point), stage, runs, fresh=not plan["validation"])
        for point, runs in points.items()
        for stage in plan["shown"]
    ]


def _place(folder: Path, point: dict[str, Any], stage: str, runs: list[dict[str, str]], fresh: bool) -> Place:
    sides = [[(name, Run((folder / networks[name]).parents[1])) for networks in runs] for name in ("fp32", stage)]
    before, after = (pd.concat([run.table("predictions") for _, run in side]) for side in sides)
    group = after["group"].to_numpy()
    right = [(side["label"] == side["predicted"]).to_numpy() for side in (before, after)]
    metrics = pd.concat([run.table("metrics") for _, run in sides[1]])
    values = metrics.groupby("metric")["value"]
    found = Place(
        point,
        stage,
        int(values.count()["accuracy"]),
        float(values.mean().get("zeros", np.nan)),
        evaluate.over_subjects(right[1], group),
        evaluate.paired_drop(right[0], right[1], group),
        None,
        None,
    )
    unseen = data.load(sides[1][0][1].path / "fresh.npz") if fresh else None
    if unseen is None or not len(unseen):
        return found
    # Networks that classify the same samples are no further samples: a sample's score is the share that is right.
    scores = [np.mean([predicted == unseen.y for predicted in _fresh(side)], axis=0) for side in sides]
    return found._replace(
        fresh=evaluate.over_subjects(scores[1], unseen.group),
        fresh_drop=evaluate.paired_drop(scores[0], scores[1], unseen.group),
    )


def _fresh(side: list[tuple[str, Run]]) -> Iterator[Int64[np.ndarray, " n"]]:
    """Classes that each network gives the samples of the fresh test set."""
    for stage, run in side:
        for fold in range(len(run.accuracies(stage))):
            yield np.array((run.result(stage, fold) or {})["fresh_predictions"])
