"""The jobs of a sweep: data sets, networks and runs, each named by the hash of all that it depends on."""

import functools
import hashlib
import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from harlib import files, fingerprint
from harlib.errors import HarlibError
from harlib.extended.plan import stage_module
from harlib.parameters import Parameters
from harlib.sweeps.plan import DATA, SPLIT, Sweep, SweepRun, chain, varied

PLAN = "plan.json"
_CODE = {"data": ("harlib.simulation",), "run": ("harlib.sweeps.collect",)}


class Job(TypedDict):
    """A job: number of a run that it belongs to, markers of what it needs and of what it only has to follow, group.

    A job of one run only is in that run's group, which a cluster takes as one submission; a job that several runs share
    stands alone.
    """

    run: int
    needs: list[str]
    after: list[str]
    group: str | None


@dataclass
class Graph:
    """Jobs by name, such as "qat/5f3a..."; runs: the names of those that end a run, in the sweep's order."""

    runs: list[str] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)


def marker(job: str) -> str:
    """The file, relative to the sweep's folder, that a finished job leaves last."""
    kind, key = job.split("/")
    own = {"data": "data.npz", "run": "metrics.csv"}.get(kind, f"stages/{kind}.json")
    return f"{kind}/{key}/{own}"


def build(sweep: Sweep, found: list[SweepRun], root: Path) -> Graph:
    """The jobs of all runs.

    Raises:
        HarlibError: own recordings that are missing.
    """
    graph = Graph()
    stages = chain(sweep.stages)
    lock = files.sha256(root / "requirements.lock")
    for number, run in enumerate(found):
        values = run.parameters.model_dump(mode="json")
        data = f"data/{_key('data', {'lock': lock, **_data(run.parameters, values, root)})}"
        names = {"data": data}
        needs: dict[str, list[str]] = {data: []}
        for stage in stages:
            module = stage_module(stage)
            before = names[module.UPSTREAM or "data"]
            used = {name: values[name] for name in (*module.PARAMETERS, *SPLIT, "seed")}
            names[stage] = f"{stage}/{_key(stage, {'parameters': used, 'data': data, 'before': before})}"
            needs[names[stage]] = [before]
        made = [names[stage] for stage in stages]
        shown = {"values": [(name, values[name]) for name in varied(sweep)], "networks": made}
        names["run"] = f"run/{_key('run', shown)}"
        needs[names["run"]] = made
        graph.runs.append(names["run"])
        for name, before_it in needs.items():
            job = graph.jobs.setdefault(name, Job(run=number, needs=before_it, after=[], group=f"run{number}"))
            if job["run"] != number:
                job["group"] = None
    for alone in _by_group(graph).values():
        for before, after in itertools.pairwise(alone):
            if before not in graph.jobs[after]["needs"]:
                graph.jobs[after]["after"] = [before]
    for job in graph.jobs.values():
        job["needs"], job["after"] = list(map(marker, job["needs"])), list(map(marker, job["after"]))
    return graph


def _by_group(graph: Graph) -> dict[str, list[str]]:
    """Jobs of each run alone; one follows the other, so that its submission to a cluster asks for no second core."""
    found: dict[str, list[str]] = {}
    for name, job in graph.jobs.items():
        if job["group"]:
            found.setdefault(job["group"], []).append(name)
    return found


def text(sweep: Sweep, found: list[SweepRun], graph: Graph) -> str:
    """What plan.json says: all that Snakemake and the jobs need to know."""
    runs = [{"point": run.point, "seed": run.parameters.seed} for run in found]
    plan = {
        "parameters": sweep.parameters,
        "varied": varied(sweep),
        "stages": chain(sweep.stages),
        "shown": sweep.stages,
        "validation": found[0].parameters.evaluate_on == "validation",
        "runs": runs,
        "results": graph.runs,
        "jobs": graph.jobs,
    }
    return json.dumps(plan)


def _data(p: Parameters, values: dict[str, Any], root: Path) -> dict[str, Any]:
    if not p.data_file:
        return {name: values[name] for name in DATA}
    own = root / p.data_file
    if not own.is_file():
        raise HarlibError(f"data_file: {own} is missing: make it with `harlib import RECORDINGS --out {own}`")
    return {"own": _hash(own)}


def _key(kind: str, values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([kind, _code(kind), values], sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _code(kind: str) -> str:
    names = _CODE.get(kind) or (stage_module(kind).__name__, "harlib.execution")
    return fingerprint.digest({}, fingerprint.closure(names))


@functools.cache
def _hash(path: Path) -> str:
    return files.sha256(path)
