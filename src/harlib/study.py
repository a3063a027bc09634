"""What a notebook does with files: check its parameters, find its run, run a stage fold by fold, save figures."""

import importlib
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from harlib import data, execution, files, notebooks, parameters, process
from harlib.errors import HarlibError
from harlib.execution import Job, fit_fold, make_task
from harlib.parameters import Parameters
from harlib.project import project_root
from harlib.runs import LOCAL, METRICS, PREDICTIONS, Run, read_yaml
from harlib.stages.task import Task

PLACES = ("from_run", "to_run")


@dataclass(frozen=True)
class Study:
    """A notebook at work: its parameters, the run it reads from and the run it writes to."""

    notebook: str
    parameters: Parameters
    source: Run
    target: Run

    def dataset(self, name: str = "data") -> data.Dataset:
        """The data set ("data") or the fresh test set ("fresh"); simulated anew where the run does not keep it.

        A study of own recordings has no fresh test set: "fresh" is empty then.
        """
        return data.load(self._data_path(name))

    def _data_path(self, name: str) -> Path:
        path = self.source.path / f"{name}.npz"
        if path.is_file():
            return path
        if self.parameters.data_file:
            raise HarlibError(
                f"{path} is missing: run notebook 01-radar-spectrograms with to_run={self.source.path} first"
            )
        # By name, so that a notebook's dependencies do not include the simulation that made its input.
        simulation = importlib.import_module("harlib.simulation")
        cached: Path = simulation.cached(project_root() / "runs" / "scratch", self.parameters, name)
        return cached

    def own_data(self) -> data.Dataset | None:
        """The own recordings that parameter `data_file` names, or None for a study of simulated ones."""
        name = self.parameters.data_file
        return data.load(project_root() / name) if name else None

    @property
    def shows_samples(self) -> bool:
        """Whether samples may be shown: recordings of people are personal data, simulated ones are not."""
        return not self.parameters.data_file or self.parameters.publish_samples

    def data_files(self) -> dict[str, Path]:
        """Files of the data set ("data") and of the fresh test set ("fresh")."""
        return {name: self._data_path(name) for name in ("data", "fresh")}

    def artifact(self, name: str) -> Path:
        """A file of the run, such as models/fold0.json: the target's, or else the source's.

        Raises:
            HarlibError: neither has it.
        """
        places = [run.path / name for run in (self.target, self.source)]
        for path in places:
            if path.is_file():
                return path
        raise HarlibError(f"{places[0]} is missing: run the notebook that makes it, or the study with `harlib run`")

    def extended(self, table: str, kind: str = "summary") -> pd.DataFrame | None:
        """A table of the extended run as reference/extended keeps it; it is not this run's.

        Args:
            table: its title in the plan.
            kind: "summary", one row a point and stage, or "results", one a point, stage, seed, fold and metric.

        Returns:
            The columns of that CSV file, and one for each parameter that a point of the table changes; None where the
            extended run or the table is missing.
        """
        folder = project_root() / "reference" / "extended"
        if not (folder / f"{kind}.csv").is_file():
            return None
        rows = pd.read_csv(folder / f"{kind}.csv").query("table == @table").reset_index(drop=True)
        points = read_yaml(folder / "plan.yml", nested=True).get(table, {}).get("points", {})
        for name in dict.fromkeys(name for changes in points.values() for name in changes):
            default = Parameters.model_fields[name].default
            rows[name] = [points[point].get(name, default) for point in rows["point"]]
        return rows if len(rows) else None

    def folds(self) -> list[data.Fold]:
        """The subject-disjoint folds of the data set."""
        p = self.parameters
        return data.folds(self.dataset(), p.folds, p.seed, p.evaluate_on)

    def task(self, stage: ModuleType, fold: int) -> Task:
        """What a stage is given for one fold, on the CPU, where notebooks look at networks of any device."""
        dataset, p = self.dataset(), self.parameters.model_copy(update={"device": "cpu"})
        split = data.folds(dataset, p.folds, p.seed, p.evaluate_on)[fold]
        return make_task(stage, fold, split, p, self.source, dataset)

    def network(self, stage: ModuleType, fold: int) -> Any:
        """The trained network of a stage and fold: as `run` leaves it in the target, or else the source's."""
        current = self._finished(stage, fold, self._fingerprint(stage, fold))
        run = self.target if current else self.source
        return stage.build(run.state(stage.NAME, fold), self.task(stage, fold))

    def results(self, stage: ModuleType) -> list[dict[str, Any]]:
        """What `run` left for each fold: metrics, history, predictions, seconds."""
        found = [self.target.result(stage.NAME, fold) for fold in range(self.parameters.folds)]
        return [result for result in found if result]

    def variant(self, name: str, changes: Mapping[str, Any]) -> "Study":
        """The same study with some parameters changed, which writes beside the target's stages, to variants/<name>."""
        changed = parameters.check({**self.parameters.model_dump(mode="json"), **changes}, name)
        return replace(self, parameters=changed, target=Run(self.target.path / "variants" / name))

    def run(self, stage: ModuleType, folds: int | None = None) -> pd.DataFrame:
        """Run a stage on every fold, training in parallel processes of one thread each, and write what it leaves.

        A fold whose result has the same fingerprint (parameters, data, modules, upstream) is not run again.

        Args:
            stage: module of the stage.
            folds: only this many, the first (default: all).

        Returns:
            The stage's metrics, one row a fold and metric.
        """
        p = self.parameters
        split = self.folds()
        count = p.folds if folds is None else min(folds, p.folds)
        marks = [self._fingerprint(stage, fold) for fold in range(count)]
        open_folds = [fold for fold in range(count) if not self._finished(stage, fold, marks[fold])]
        started = time.monotonic()
        jobs = [
            (Job(stage.__name__, k, split[k], p, self.source, self.target, self.data_files(), marks[k]),)
            for k in open_folds
        ]
        fitted = process.in_parallel(fit_fold, jobs, p.workers if stage.TRAINS else 1)
        for done, fold in enumerate(fitted, start=1):
            result = self.target.result(stage.NAME, fold) or {}
            left = (time.monotonic() - started) / done * (len(open_folds) - done)
            self.progress(
                f"{stage.NAME}: fold {fold + 1} of {p.folds} in {result['seconds']:.0f} s, "
                f"accuracy {100 * result['metrics']['accuracy']:.2f} %, stage done in about {left:.0f} s"
            )
        return self._collect(stage, split, marks)

    def _fingerprint(self, stage: ModuleType, fold: int) -> str:
        return execution.mark(stage, fold, self.parameters, self.source, self.data_files())

    def _finished(self, stage: ModuleType, fold: int, mark: str) -> bool:
        return execution.finished(stage, fold, self.target, mark)

    def _collect(self, stage: ModuleType, split: list[data.Fold], marks: list[str]) -> pd.DataFrame:
        seed, dataset = self.parameters.seed, self.dataset()
        metrics, predictions = [], []
        for fold, result in enumerate(self.results(stage)):
            test = split[fold].test
            metrics += [(seed, stage.NAME, fold, name, value) for name, value in result["metrics"].items()]
            predictions += [
                (seed, stage.NAME, fold, int(i), int(dataset.group[i]), int(dataset.y[i]), predicted)
                for i, predicted in zip(test, result["predictions"], strict=True)
            ]
        table = pd.DataFrame(metrics, columns=METRICS)
        files.write(self.target.path / "metrics" / f"{stage.NAME}.csv", table.to_csv(index=False))
        text = pd.DataFrame(predictions, columns=PREDICTIONS).to_csv(index=False)
        files.write(self.target.path / "predictions" / f"{stage.NAME}.csv", text)
        held = [result["files"] for result in self.results(stage)]
        marker = {"stage": stage.NAME, "fingerprints": marks, "files": {k: v for fold in held for k, v in fold.items()}}
        files.write(self.target.path / "stages" / f"{stage.NAME}.json", json.dumps(marker, indent=1) + "\n")
        return table

    def progress(self, line: str) -> None:
        """Add a line to the progress log, which `harlib run` shows."""
        path = self.target.path / "progress.log"
        with path.open("a") as log:
            log.write(line + "\n")

    def save_figure(self, figure: Any, name: str) -> None:
        """Save a figure as figures/<name>.svg of the run, for the pages that show it."""
        buffer = io.BytesIO()
        metadata = {"Date": None, "Source": self.notebook}  # the book prints the source below the figure
        figure.savefig(buffer, format="svg", metadata=metadata, bbox_inches="tight")
        files.write(self.target.path / "figures" / f"{name}.svg", buffer.getvalue())


def begin(notebook: str, names: Mapping[str, Any]) -> Study:
    """Check a notebook's parameters and find its runs; the cell after `parameters` calls it with `globals()`.

    Args:
        notebook: its name without .ipynb.
        names: the notebook's namespace; from the cells run so far that only assign constants come the parameters.

    Parameters that the notebook does not declare are those of the run it reads from (params.yml).

    Raises:
        HarlibError: an unknown name, a value out of range, or a run that does not exist.
    """
    process.set_up()
    assigned = notebooks.assigned(names.get("In", []))
    given = {name: names[name] for cell in assigned for name in cell if name in names}
    root = project_root()
    places = {name: root / str(given.pop(name)) for name in PLACES if name in given}
    source, target = Run(places.get("from_run", root)), Run(places.get("to_run", root / "runs" / "scratch"))
    if "from_run" in places and not source.path.is_dir():
        raise HarlibError(f"from_run = {source.path} does not exist: `harlib run config/published.yml` makes a run")
    known = {*(assigned[0] if assigned else ()), *PLACES, *LOCAL}
    for name in given:
        if name in Parameters.model_fields and name not in known:
            raise HarlibError(
                f"notebook {notebook}: parameter {name!r} belongs to another notebook; this one has {sorted(known)}"
            )
    held = source.parameters() if "from_run" in places else {}
    checked = parameters.check({**held, **given}, f"notebook {notebook}")
    process.check_device(checked.device)
    target.save_parameters(checked)
    log = target.path / "progress.log"
    if log.is_file():
        with log.open("a") as lines:
            lines.write(f"notebook {notebook}\n")
    return Study(notebook, checked, source if "from_run" in places else target, target)
