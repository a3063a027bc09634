"""A sweep's YAML file: what it varies, checked in whole before any work."""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harlib import parameters, runs
from harlib.errors import HarlibError
from harlib.extended.plan import stage_module
from harlib.parameters import Parameters, Simulation

MOST = 100_000  # runs
_OWN = {"seed": "`seeds` lists them", "workers": "the option --workers sets it"}
SPLIT = ("folds", "evaluate_on", "device")  # what every network depends on, beside its stage's parameters and its seed
DATA = (*Simulation.model_fields, "data_file")


class Sweep(BaseModel):
    """The content of a sweep's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, list[Any]] | None = None
    points: list[dict[str, Any]] | None = None
    seeds: tuple[int, ...] = Field(min_length=1)
    stages: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True)
class SweepRun:
    """One point with one training seed: what the point changes, and all parameters."""

    point: dict[str, Any]
    parameters: Parameters


def find(name: str, root: Path) -> Path:
    """The file of a sweep: config/sweeps/<name>.yml.

    Raises:
        HarlibError: there is none.
    """
    folder = root / "config" / "sweeps"
    known = sorted(path.stem for path in folder.glob("*.yml"))
    if name not in known:
        raise HarlibError(f"sweep {name!r}: config/sweeps/ holds {', '.join(known) or 'none'}")
    return folder / f"{name}.yml"


def load(path: Path) -> Sweep:
    """Read a sweep; `expand` checks its values.

    Raises:
        HarlibError: it is no sweep, varies nothing or too much, or names an unknown stage.
    """
    try:
        sweep = Sweep.model_validate(runs.read_yaml(path, nested=True))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise HarlibError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None
    if (sweep.grid is None) == (sweep.points is None):
        raise HarlibError(f"{path}: either a grid or a list of points is needed")
    if sweep.grid is not None and not (sweep.grid and all(sweep.grid.values())):
        empty = next((name for name, values in sweep.grid.items() if not values), None)
        raise HarlibError(f"{path}: grid{f': {empty}' if empty else ''} is empty: a list of values is needed")
    if not (count(sweep) <= MOST and sweep.points != []):
        raise HarlibError(f"{path}: {count(sweep):,} runs; 1 to {MOST:,} are allowed")
    for stage in sweep.stages:
        stage_module(stage)
    return sweep


def count(sweep: Sweep) -> int:
    """How many runs a sweep has: points times seeds."""
    points = math.prod(map(len, sweep.grid.values())) if sweep.grid is not None else len(sweep.points or ())
    return points * len(sweep.seeds)


def varied(sweep: Sweep) -> list[str]:
    """The parameters that differ between points, in the order of the file."""
    return list(sweep.grid or dict.fromkeys(name for point in sweep.points or () for name in point))


def expand(sweep: Sweep, source: Path) -> list[SweepRun]:
    """All runs of a sweep, in the order of its file; the last parameter of a grid varies fastest, then the seed.

    Raises:
        HarlibError: a parameter that is unknown, out of range, given twice, or of no stage here; two equal points.
    """
    allowed = used(sweep.stages)
    for name in (*sweep.parameters, *varied(sweep)):
        if name in _OWN:
            raise HarlibError(f"{source}: {name} is no parameter of a sweep: {_OWN[name]}")
    if "evaluate_on" in varied(sweep):
        raise HarlibError(f"{source}: evaluate_on cannot vary within a sweep: set it under `parameters`")
    if both := set(sweep.parameters) & set(varied(sweep)):
        raise HarlibError(f"{source}: {min(both)} stands in `parameters` and is varied: leave one of them out")
    if sweep.grid is not None:
        points = [dict(zip(sweep.grid, values, strict=True)) for values in itertools.product(*sweep.grid.values())]
    else:
        points = list(sweep.points or ())
    found = []
    for point in points:
        for seed in sweep.seeds:
            where = f"{source}: {label(point)}"
            found.append(SweepRun(point, parameters.check({**sweep.parameters, **point, "seed": seed}, where)))
    if idle := [name for name in varied(sweep) if name not in allowed]:
        raise HarlibError(
            f"{source}: {idle[0]} changes nothing in {', '.join(sweep.stages)}: add the stage it belongs to"
        )
    if len({run.parameters.model_dump_json() for run in found}) < len(found):
        raise HarlibError(f"{source}: a point or a seed stands there twice")
    return found


def used(stages: tuple[str, ...]) -> set[str]:
    """Names of the parameters that decide the results of stages and of those before them."""
    names = {*DATA, *SPLIT}
    for stage in chain(stages):
        names |= set(stage_module(stage).PARAMETERS)
    return names


def chain(stages: tuple[str, ...]) -> list[str]:
    """Stages with all that come before them, each after the one that it starts from; fp32 is always there.

    >>> chain(("pruned", "qat"))
    ['fp32', 'qat', 'pruned']
    """
    found: dict[str, None] = {"fp32": None}
    for name in stages:
        before: list[str] = []
        stage: str | None = name
        while stage:
            before.append(stage)
            stage = stage_module(stage).UPSTREAM
        found |= dict.fromkeys(reversed(before))
    return list(found)


def label(point: dict[str, Any]) -> str:
    """A point in words.

    >>> label({"threshold": 0.5, "prune_rule": "layer"})
    'threshold = 0.5, prune_rule = layer'
    """
    return ", ".join(f"{name} = {value}" for name, value in point.items()) or "nothing changed"
