"""The plan of an extended study: tables of points, and the chains of stages that they ask for."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harlib import parameters, runs
from harlib.errors import HarlibError
from harlib.parameters import Parameters


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
            stage_module(stage)
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


def stage_module(name: str) -> ModuleType:
    """The module of a stage, by its name.

    Raises:
        HarlibError: no stage has this name.
    """
    try:
        return importlib.import_module(f"harlib.stages.{name.replace('-', '_')}")
    except ModuleNotFoundError:
        raise HarlibError(f"stage {name!r} is unknown") from None
