"""What the book shows of an extended study's summary.csv: a table and a figure for each title of its plan."""

import io
from pathlib import Path

import numpy as np
import pandas as pd

from harlib import files
from harlib.evaluate import Interval
from harlib.extended.plan import Table, load

SUMMARY = [
    *("table", "point", "stage", "networks", "zeros", "accuracy", "accuracy_low", "accuracy_high"),
    *("drop", "drop_low", "drop_high", "fold_accuracy", "fold_drop", "fold_drop_low", "fold_drop_high", "time_ratio"),
]
"""Of summary.csv: over all networks of a point, the mean share of zeros; accuracy and drop against fp32 on the fresh
test set with 95 % intervals over its subjects; the same on the folds' test samples; processor time of one epoch over
fp32's. Shares and accuracies in 0..1; empty where there is nothing to tell."""
FIGURE_POINTS = 5.0
"""Losses above this many points stand as numbers at the edge of a figure."""


def write(folder: Path) -> None:
    """Write tables/TITLE.csv and figures/TITLE.svg of a folder's plan.yml and summary.csv.

    A point whose chains are not finished is a row that says so; a title without finished points has no figure.
    """
    summary = pd.read_csv(folder / "summary.csv")
    for title, plan in load(folder / "plan.yml").items():
        rows = _rows(title, plan, summary)
        files.write(folder / "tables" / f"{title}.csv", readable(rows).to_csv(index=False))
        if rows["networks"].any():
            files.write(folder / "figures" / f"{title}.svg", figure(rows[rows["networks"] > 0]))


def _rows(title: str, plan: Table, summary: pd.DataFrame) -> pd.DataFrame:
    stages = plan.stages if "integer" in plan.stages else plan.stages[-1:]  # a whole chain, or its end
    parts = []
    for point in plan.points:
        found = summary[(summary["table"] == title) & (summary["point"] == point) & summary["stage"].isin(stages)]
        none = pd.DataFrame([{"table": title, "point": point, "stage": "not finished", "networks": 0}])
        parts.append(found if len(found) else none.reindex(columns=SUMMARY))
    return pd.concat([part.astype({"networks": int}) for part in parts], ignore_index=True)


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """A table of the book: rows of summary.csv in percent and points, with intervals in brackets.

    The column `stage` is left out where all rows are of one stage, and the epoch's time where no row has one.
    """
    shown = pd.DataFrame({"point": rows["point"], "stage": rows["stage"], "networks": rows["networks"]})
    for name, label in (("zeros", "zeros (%)"), ("accuracy", "fresh accuracy (%)")):
        shown[label] = ["" if np.isnan(value) else f"{100 * value:.2f}" for value in rows[name]]
    for name, label in (("drop", "fresh drop (points)"), ("fold_drop", "drop on folds (points)")):
        ends = zip(rows[name], rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
        shown[label] = [Interval(*values).in_percent() for values in ends]
    shown["epoch, times fp32"] = ["" if np.isnan(value) else f"{value:.2f}" for value in rows["time_ratio"]]
    if rows["stage"].nunique() == 1 and rows["networks"].all():
        shown = shown.drop(columns="stage")
    return shown


def figure(rows: pd.DataFrame) -> bytes:
    """The drops of a table with their intervals, as SVG."""
    from harlib.plots import results, style  # its import takes a second

    several = rows["stage"].nunique() > 1
    names = [f"{point}, {stage}" if several else str(point) for point, stage in rows[["point", "stage"]].to_numpy()]
    found = {}
    for label, column in (("fresh people", "drop"), ("folds' test people", "fold_drop")):
        ends = rows[[column, f"{column}_low", f"{column}_high"]].to_numpy(float)
        found[label] = {name: Interval(*values) for name, values in zip(names, ends, strict=True)}
    held = io.BytesIO()
    with style.look():
        drawn = results.drops(found, "Lost against the float parents", FIGURE_POINTS)
        drawn.savefig(held, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return held.getvalue()
