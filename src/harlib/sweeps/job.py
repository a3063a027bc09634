"""One job of a sweep, as Snakemake starts it: python -m harlib.sweeps.job NAME, in the sweep's folder."""

import argparse
import json
import sys
from pathlib import Path

from harlib import parameters
from harlib.errors import HarlibError
from harlib.parameters import Parameters
from harlib.project import project_root
from harlib.runs import Run
from harlib.sweeps.collect import collect
from harlib.sweeps.graph import PLAN, marker

DATA_FILES = ("fresh.npz", "data.npz")  # the one that is written last marks the job as finished


def do(folder: Path, name: str, workers: int = 1) -> None:
    """Do one job, or what a killed one left of it.

    Args:
        folder: of the sweep, with its plan.
        name: of the job, such as "qat/5f3a...".
        workers: processes, of one thread each.
    """
    plan = json.loads((folder / PLAN).read_text())
    job = plan["jobs"][name]
    run = plan["runs"][job["run"]]
    values = {**plan["parameters"], **run["point"], "workers": workers}
    kind = name.split("/")[0]
    if kind == "run":
        collect(folder, plan, job, folder / marker(name))
    elif kind == "data":
        _simulate(folder / name, parameters.check(values))
    else:
        _fit(folder, folder / name, kind, parameters.check({**values, "seed": run["seed"]}), folder / job["needs"][0])


def _simulate(place: Path, p: Parameters) -> None:
    """The data set and the fresh test set, or the own recordings and none."""
    from harlib import data, simulation  # each import here is one that the other kinds of jobs need not wait for

    own = data.load(project_root() / p.data_file) if p.data_file else None
    for file in DATA_FILES:
        name = file.removesuffix(".npz")
        made = simulation.simulate(p, name) if own is None else data.empty(own) if name == "fresh" else own
        data.save(place / file, made)


def _fit(folder: Path, place: Path, kind: str, p: Parameters, before: Path) -> None:
    """All folds of one stage; `before` is the marker of the stage that it starts from, or the data set."""
    from harlib import process
    from harlib.extended.plan import stage_module
    from harlib.study import Study

    process.check_device(p.device)
    stage = stage_module(kind)
    source = before.parents[1] if stage.UPSTREAM else before.parent
    place.mkdir(parents=True, exist_ok=True)
    for name in DATA_FILES:
        if not (place / name).is_symlink():
            data = (source / name).resolve().relative_to(folder.resolve())
            (place / name).symlink_to(Path("../..") / data)
    Study("a sweep", p, Run(source), Run(place)).run(stage)


def main() -> int:
    """Run as a program; an error is one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of the job")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    options = parser.parse_args()
    try:
        do(Path.cwd(), options.name, options.workers)
    except HarlibError as error:
        print(f"harlib: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
