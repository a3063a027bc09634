"""`harlib compare`: a run beside the published one: the same tables, differences with intervals, what was changed."""

from html import escape

import numpy as np

from harlib import files, manifest, side_by_side, verify, webpage
from harlib.errors import HarlibError
from harlib.evaluate import Interval
from harlib.manifest import Manifest
from harlib.plots import protocol, style
from harlib.project import project_root
from harlib.runs import PARAMETERS, Run
from harlib.side_by_side import CLASSES, PACKAGE, PARAMETER, Difference

PAGE = "comparison.html"
OTHER_CLASSES = "The runs tell other classes apart: their accuracies answer different questions."


def compare(name: str, reference: str = "reference/published") -> None:
    """Write runs/<name>/comparison.html, a page that needs nothing else, and print a summary.

    Raises:
        HarlibError: a run is missing, not finished or not as it was when it was, or both are one.
    """
    root = project_root()
    name = name.removeprefix("runs/").strip("/")
    own, other = Run(root / "runs" / name), Run(root / reference)
    if own.path.resolve() == other.path.resolve():
        raise HarlibError(f"{own.path}: a run differs in nothing from itself; name another one")
    known = sorted(path.parent.name for path in (root / "runs").glob(f"*/{manifest.NAME}"))
    if name not in known:
        begun = bool(name) and (own.path / PARAMETERS).is_file()
        problem = "is not finished: `harlib run` goes on where it was stopped" if begun else "is no run"
        raise HarlibError(f"runs/{name} {problem}; finished are {', '.join(known) or 'none'}")
    made = _finished(other), _finished(own)
    marks = {data: [one.data.get(data) for one in made] for data in ("data", "fresh")}
    same = {data: mine is not None and mine == others for data, (mine, others) in marks.items()}
    found = side_by_side.differences(other, own, same)
    if not found:
        raise HarlibError(f"{own.path} and {other.path} have no stage in common: finish the run with `harlib run`")
    changed = [*side_by_side.classes(other, own), *side_by_side.changes(*made)]
    equal = side_by_side.equal_files(*made)
    names = (reference, name)
    files.write(own.path / PAGE, _page(names, found, side_by_side.means(other, own), changed, equal))
    print("\n".join(summary(names, found, changed, equal)))
    print(f"The whole comparison: {own.path / PAGE}")


def _finished(run: Run) -> Manifest:
    """The manifest of a run whose files are those that it names: no later call was stopped on its way."""
    made = manifest.load(run.path)
    if found := verify.differing(run.path, made.files):
        raise HarlibError(
            f"{run.path} is not as its {manifest.NAME} says ({found[0]}): run the study again, `harlib run` goes on "
            "where it was stopped"
        )
    return made


def summary(
    names: tuple[str, str], found: list[Difference], changed: list[tuple[str, str, str]], equal: tuple[int, int]
) -> list[str]:
    """The lines that the command prints.

    Args:
        names: of the other run and of the own one.
        found, changed, equal: what the functions of side_by_side gave.
    """
    heads = ["samples", "stage", *_short(names), "difference", "paired"]
    cells = [heads, *(_cells(d) for d in found)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [f"{names[1]} beside {names[0]}: accuracy in %, difference in points with its 95 % interval", ""]
    for row in cells:
        padded = [
            f"{cell:>{width}}" if 1 < at < 4 else f"{cell:{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    if changed and changed[0][0] == CLASSES:
        lines += ["", OTHER_CLASSES]
    parameters = [row for row in changed if row[0].startswith(PARAMETER)]
    packages = [row[0].removeprefix(PACKAGE) for row in changed if row[0].startswith(PACKAGE)]
    others = [row[0] for row in changed if not row[0].startswith((PARAMETER, PACKAGE))]
    others += [f"packages {', '.join(packages)}"] if packages else []
    lines += ["", f"Parameters changed: {len(parameters) or 'none'}"]
    lines += [f"  {what.removeprefix(PARAMETER)}: {after} instead of {before}" for what, before, after in parameters]
    lines.append(f"Other changes: {', '.join(others) or 'none'}")
    lines.append(f"Result files equal bit for bit: {equal[0]} of {equal[1]}")
    return lines


def _short(names: tuple[str, str]) -> tuple[str, str]:
    """Both names without their folders, where that tells them apart."""
    last = names[0].rstrip("/").rsplit("/", 1)[-1]
    return names if last == names[1] else (last, names[1])


def _cells(d: Difference) -> list[str]:
    percent = (f"{100 * value:.2f}" for value in (d.other, d.own))
    return [d.samples, d.stage, *percent, _points(d.gain), "yes" if d.paired else "no"]


def _metric(kind: str, value: float) -> str:
    return f"{value:g}" if kind.endswith("_differing") else f"{value:.4f}"  # a count, or a share


def _points(found: Interval) -> str:
    ends = "no interval" if np.isnan(found.low) else found.ends("+z.2f")
    return f"{100 * found.estimate:+z.2f} ({ends})"


BODY = """<p>Accuracy of every stage in both runs. The difference is <em>{own}</em> less <em>{other}</em>, in points,
with its 95 % interval from a bootstrap over subjects. <em>Test</em> samples are those of the folds, <em>fresh</em> ones
are of people in no fold. <em>Paired</em>: both runs judged the same samples, so the difference is taken sample by
sample; where they did not, the people of each run are drawn by themselves. An interval that contains 0 shows no
difference; that is not a proof that there is none. {classes}</p>
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
    short = _short(names)
    heads = ["samples", "stage", *(f"{head} (%)" for head in short), "difference (points)", "paired"]
    with style.look():
        drawn = protocol.differences(
            {d.stage: d.gain for d in found if d.samples == "test"},
            "difference in accuracy (points)",
            f"{name} less {reference}, test samples",
        )
        figure = webpage.figure(
            drawn, "Differences in accuracy by stage on test samples, with intervals; the table has the numbers"
        )
    body = BODY.format(
        own=escape(name),
        other=escape(reference),
        classes=OTHER_CLASSES if changed and changed[0][0] == CLASSES else "",
        accuracy=webpage.table(heads, [_cells(d) for d in found]),
        figure=figure,
        metrics=webpage.table(
            ["stage", "metric", *short],
            [(stage, kind, *(_metric(kind, value) for value in both)) for stage, kind, *both in metrics],
        ),
        equal=equal[0],
        common=equal[1],
        changes=webpage.table(["what", *short], changed, plain=True) if changed else "<p>Nothing.</p>",
    )
    return webpage.document(f"Run {name} beside {reference}", body)
