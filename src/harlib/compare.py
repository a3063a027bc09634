"""`harlib compare`: a run beside the published one: the same tables, differences with intervals, what was changed."""

import json
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from harlib import evaluate, files, manifest, webpage
from harlib.errors import HarlibError
from harlib.evaluate import Interval
from harlib.manifest import Manifest
from harlib.plots import protocol, style
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import ORDER

PAGE = "comparison.html"
Samples = Literal["test", "fresh"]


class Difference(NamedTuple):
    """Accuracy of a stage in both runs, 0..1, and the own one less the other with its 95 % interval.

    paired: whether both runs judged the very same samples, so that the difference is taken sample by sample.
    """

    samples: Samples
    stage: str
    other: float
    own: float
    gain: Interval
    paired: bool


def differences(other: Run, own: Run, same_data: dict[str, bool]) -> list[Difference]:
    """Compare the accuracy of every stage that both runs hold.

    Args:
        other: the run to compare with.
        own: the run to compare.
        same_data: for "data" and "fresh", whether both runs have the same samples.
    """
    return [
        _difference(samples, stage, (before[stage], after[stage]), same_data.get(data, False))
        for samples, data, read in (("test", "data", _test), ("fresh", "fresh", _fresh))
        for before, after in [(read(other), read(own))]
        for stage in ORDER
        if stage in before and stage in after
    ]


def _difference(samples: Any, stage: str, tables: tuple[pd.DataFrame, pd.DataFrame], same: bool) -> Difference:
    before, after = tables
    both = before.join(after["score"].rename("own"), how="inner")
    paired = same and len(both) == len(before) == len(after)
    if paired:
        drop = evaluate.paired_drop(both["score"].to_numpy(float), both["own"].to_numpy(float), _group(both))
    else:
        scores = (before["score"].to_numpy(float), after["score"].to_numpy(float))
        drop = evaluate.unpaired_drop(scores[0], _group(before), scores[1], _group(after))
    means = (float(before["score"].mean()), float(after["score"].mean()))
    return Difference(samples, stage, *means, Interval(-drop.estimate + 0.0, -drop.high, -drop.low), paired)


def _group(table: pd.DataFrame) -> np.ndarray:
    return table["group"].to_numpy(np.int64)


def _test(run: Run) -> dict[str, pd.DataFrame]:
    """Whether each test sample is classified right, a table a stage."""
    table = run.table("predictions")
    table["score"] = table["predicted"] == table["label"]
    return {str(stage): rows.groupby("sample")[["score", "group"]].mean() for stage, rows in table.groupby("stage")}


def _fresh(run: Run) -> dict[str, pd.DataFrame]:
    """The share of the folds' networks that classify each fresh sample right, a table a stage."""
    path = run.path / "fresh_predictions.csv"
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=["stage"])
    folds = [name for name in table.columns if name.startswith("fold")]
    table["score"] = table[folds].eq(table["label"], axis=0).mean(axis=1) if folds else 0.0
    return {str(stage): rows.set_index("sample")[["score", "group"]] for stage, rows in table.groupby("stage")}


def means(other: Run, own: Run) -> list[tuple[str, str, float, float]]:
    """Every metric's mean over the folds in both runs: stage, metric, the other run's, the own one's."""
    tables = [run.table("metrics").groupby(["stage", "metric"])["value"].mean() for run in (other, own)]
    both = pd.concat(tables, axis=1, keys=["other", "own"], join="inner")
    rows = [
        (str(key[0]), str(key[1]), float(a), float(b)) for key, (a, b) in zip(both.index, both.to_numpy(), strict=True)
    ]
    return sorted((row for row in rows if row[0] in ORDER), key=lambda row: ORDER.index(row[0]))


def changes(other: Manifest, own: Manifest) -> list[tuple[str, str, str]]:
    """What was not the same: parameters, code, data, versions, machine; a name and both values each."""
    values = [_flat(made) for made in (other, own)]
    names = list(dict.fromkeys([*values[0], *values[1]]))
    rows = [(name, values[0].get(name, "none"), values[1].get(name, "none")) for name in names]
    return [row for row in rows if row[1] != row[2]]


def _flat(made: Manifest) -> dict[str, str]:
    facts = {f"parameter {name}": json.dumps(value) for name, value in sorted(made.parameters.items())}
    facts |= {
        "commit": f"{made.commit or 'not known'}{' with changes' if made.dirty else ''}",
        "harlib's sources": made.harlib.sources[:12],
        "harlib": made.harlib.version,
        "requirements.lock": (made.lock or "not known")[:12],
        "Python": made.python,
        "system": made.system,
        "processor": made.cpu.name,
    }
    facts |= {f"data: {name}.npz" if name == "data" else f"data: {name}": mark[:12] for name, mark in made.data.items()}
    return facts | {f"package {name}": version for name, version in sorted(made.packages.items())}


def equal_files(other: Manifest, own: Manifest) -> tuple[int, int]:
    """How many result files are equal bit for bit, of how many that both runs have."""
    common = other.files.keys() & own.files.keys()
    return sum(other.files[name] == own.files[name] for name in common), len(common)


def compare(name: str, reference: str = "reference/published") -> None:
    """Write runs/<name>/comparison.html, a page that needs nothing else, and print a summary.

    Raises:
        HarlibError: a run is missing or not finished, or both are one.
    """
    root = project_root()
    own, other = Run(root / "runs" / name), Run(root / reference)
    if own.path == other.path:
        raise HarlibError(f"{own.path}: a run differs in nothing from itself; name another one")
    made = manifest.load(other.path), manifest.load(own.path)
    same = {data: made[0].data.get(data) == made[1].data.get(data) for data in ("data", "fresh")}
    found, changed, equal = differences(other, own, same), changes(*made), equal_files(*made)
    if not found:
        raise HarlibError(f"{own.path} and {other.path} have no stage in common: finish the run with `harlib run`")
    names = (reference, name)
    files.write(own.path / PAGE, _page(names, found, means(other, own), changed, equal))
    print("\n".join(summary(name, reference, found, changed, equal)))
    print(f"The whole comparison: {own.path / PAGE}")


def summary(
    name: str,
    reference: str,
    found: list[Difference],
    changed: list[tuple[str, str, str]],
    equal: tuple[int, int],
) -> list[str]:
    """The lines that the command prints."""
    lines = [f"{name} against {reference}, accuracy in %, difference in points with its 95 % interval:"]
    for d in found:
        how = "" if d.paired else "  (other samples)"
        lines.append(f"  {d.samples:5} {d.stage:15} {100 * d.other:6.2f} {100 * d.own:6.2f}  {_points(d.gain)}{how}")
    parameters = [row[0].removeprefix("parameter ") for row in changed if row[0].startswith("parameter ")]
    lines.append(
        f"Parameters changed: {', '.join(parameters) or 'none'}; other changes: {len(changed) - len(parameters)}"
    )
    lines.append(f"Result files equal bit for bit: {equal[0]} of {equal[1]}")
    return lines


def _points(found: Interval) -> str:
    ends = "no interval" if np.isnan(found.low) else found.ends("+z.2f")
    return f"{100 * found.estimate:+z.2f} ({ends})"


BODY = """<p>Accuracy of every stage in both runs. The difference is this run less the other one, in points, with its
95 % interval from a bootstrap over subjects. <em>Paired</em>: both runs judged the same samples, so the difference is
taken sample by sample. An interval that contains 0 shows no difference; that is not a proof that there is none.</p>
{accuracy}
{figure}
<h2>All metrics, mean over folds</h2>
{metrics}
<h2>What was changed</h2>
<p>{equal} of {common} result files that both runs have are equal bit for bit.</p>
{changes}"""


def _page(
    names: tuple[str, str],
    found: list[Difference],
    metrics: list[tuple[str, str, float, float]],
    changed: list[tuple[str, str, str]],
    equal: tuple[int, int],
) -> str:
    reference, name = names
    rows = [
        (d.samples, d.stage, f"{100 * d.other:.2f}", f"{100 * d.own:.2f}", _points(d.gain), "yes" if d.paired else "no")
        for d in found
    ]
    heads = ["samples", "stage", f"{reference} (%)", f"{name} (%)", "difference (points)", "paired"]
    with style.look():
        drawn = protocol.differences(
            {d.stage: d.gain for d in found if d.samples == "test"},
            "difference in accuracy (points)",
            "This run less the other one, test samples",
        )
        figure = webpage.figure(
            drawn, "Differences in accuracy by stage on test samples, with intervals; the table has the numbers"
        )
    body = BODY.format(
        accuracy=webpage.table(heads, rows),
        figure=figure,
        metrics=webpage.table(["stage", "metric", *names], [(s, m, f"{a:.4g}", f"{b:.4g}") for s, m, a, b in metrics]),
        equal=equal[0],
        common=equal[1],
        changes=webpage.table(["what", reference, name], changed) if changed else "<p>Nothing.</p>",
    )
    return webpage.document(f"Run {name} beside {reference}", body)
