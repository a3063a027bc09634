"""The page of a sweep: accuracies with intervals against what it varies, as figures and as a table."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from harlib import webpage
from harlib.evaluate import Interval
from harlib.parameters import Parameters
from harlib.plots import style, sweeps
from harlib.sweeps.plan import label
from harlib.sweeps.tables import TABLE, Place

BODY = """<p>{finished} of {runs} runs are finished; seeds of training: {seeds}. {fixed} Every network is in
<a href="{table}">{table}</a>.</p>
<p>Accuracies are means over the networks of a point, all seeds and folds. The ends in brackets and the bars are of 95 %
intervals from a bootstrap over subjects: how much other people would change the number. Several networks on the same
samples are no further samples, and another training may differ by more. <em>Drop</em> is what is lost against the
float networks of the same seeds and folds, on the same samples. Two points whose intervals overlap widely are not told
apart; and the best of many points looks better than it is.</p>
{figures}
<h2>Every point</h2>
{places}"""


def html(name: str, plan: dict[str, Any], places: list[Place], finished: int) -> str:
    """The page.

    Args:
        name: of the sweep.
        plan: what plan.json says.
        places: what `tables.places` found.
        finished: how many runs are.
    """
    people = "validation subjects" if plan["validation"] else "test subjects of the folds"
    kinds: dict[str, Callable[[Place], Interval | None]] = {people: lambda place: place.accuracy}
    if any(place.fresh for place in places):
        kinds["fresh test set"] = lambda place: place.fresh
    fixed = ", ".join(f"{name} = {value}" for name, value in plan["parameters"].items())
    body = BODY.format(
        finished=finished,
        runs=len(plan["runs"]),
        seeds=", ".join(map(str, dict.fromkeys(run["seed"] for run in plan["runs"]))),
        fixed=escape(f"Of all points: {fixed}." if fixed else "What is not varied is as published."),
        table=TABLE,
        figures="\n".join(_figures(plan, places, people, value) for people, value in kinds.items()),
        places=_table(plan, places, people),
    )
    return webpage.document(f"Sweep {name}", body)


def _figures(plan: dict[str, Any], places: list[Place], people: str, value: Callable[[Place], Interval | None]) -> str:
    held = []
    for name, curves, left_out in _curves(plan, places, value):
        title = f"Accuracy against {name}, {people}"
        note = f"<p>{left_out} further settings of the other parameters are in the table only.</p>" if left_out else ""
        with style.look():
            drawn = sweeps.against(curves, name, title)
            held.append(webpage.figure(drawn, f"{title}, with 95 % intervals; the table has the numbers") + note)
    return "\n".join(held)


def _curves(
    plan: dict[str, Any], places: list[Place], value: Callable[[Place], Interval | None]
) -> list[tuple[str, dict[str, dict[str, list[tuple[sweeps.Value, Interval]]]], int]]:
    """For each parameter that is varied: stage to curve to points, and how many curves are too many to draw."""
    found = []
    for name in plan["varied"]:
        curves: dict[str, dict[str, list[tuple[sweeps.Value, Interval]]]] = {}
        for place in places:
            point = {parameter: _value(plan, place, parameter) for parameter in plan["varied"]}
            others = label({key: held for key, held in point.items() if key != name}) if len(point) > 1 else ""
            if accuracy := value(place):
                number = isinstance(point[name], int | float) and not isinstance(point[name], bool)
                here = point[name] if number else str(point[name])
                curves.setdefault(place.stage, {}).setdefault(others, []).append((here, accuracy))
        most = max(map(len, curves.values()), default=0)
        drawn = {stage: dict(list(held.items())[: sweeps.MOST]) for stage, held in curves.items()}
        if drawn:
            found.append((name, drawn, max(0, most - sweeps.MOST)))
    return found


def _value(plan: dict[str, Any], place: Place, name: str) -> Any:
    default = plan["parameters"].get(name, Parameters.model_fields[name].default)
    return place.point.get(name, default)


def _table(plan: dict[str, Any], places: list[Place], people: str) -> str:
    heads = [*plan["varied"], "stage", "networks", "zeros (%)", f"accuracy, {people} (%)", "drop (points)"]
    fresh = any(place.fresh for place in places)
    heads += ["accuracy, fresh test set (%)", "drop (points)"] if fresh else []
    rows = []
    for place in places:
        values = [str(_value(plan, place, name)) for name in plan["varied"]]
        intervals = [place.accuracy, place.drop, *([place.fresh, place.fresh_drop] if fresh else [])]
        zeros = "" if np.isnan(place.zeros) else f"{100 * place.zeros:.2f}"
        rows.append(
            [
                *values,
                place.stage,
                str(place.networks),
                zeros,
                *(found.in_percent() if found else "" for found in intervals),
            ]
        )
    return webpage.table(heads, rows)
