"""The metrics of one run of a sweep, gathered from its networks."""

import csv
import io
from pathlib import Path
from typing import Any

from harlib import files, parameters
from harlib.runs import METRICS


def collect(folder: Path, plan: dict[str, Any], job: dict[str, Any], target: Path) -> None:
    """Write the metrics of all networks of a run, each row with the values of what the sweep varies.

    Args:
        folder: of the sweep.
        plan, job: what plan.json says, and what it says of this job.
        target: CSV file.
    """
    run = plan["runs"][job["run"]]
    values = parameters.check({}).model_dump(mode="json") | plan["parameters"] | run["point"]
    point = [values[name] for name in plan["varied"]]
    rows = []
    for needed in job["needs"]:
        stage = needed.split("/")[0]
        with ((folder / needed).parents[1] / "metrics" / f"{stage}.csv").open(newline="") as table:
            rows += [[*point, *(row[name] for name in METRICS)] for row in csv.DictReader(table)]
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows([[*plan["varied"], *METRICS], *rows])
    files.write(target, held.getvalue())
