"""How the cost of a sweep grows with samples, folds, seeds and points: lines through what tools/scale.py measured."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import nnls

from harlib import stages
from harlib.extended.plan import stage_module
from harlib.parameters import Parameters

FACTORS = ("samples", "folds", "seeds", "points")
QUANTITIES = {
    "cpu_s": ("processor time, s", 1.0),
    "peak_mb": ("largest process, MB", 1.0),
    "bytes": ("results, kB", 1e3),
    "files": ("files", 1.0),
}
OWN = ("check", "page")  # what `harlib sweep` itself does, where it was started


class Law(NamedTuple):
    """A straight line: start + slope * x; off: the largest residual, as a share of the value there."""

    start: float
    slope: float
    off: float


def line(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Law:
    """Least squares.

    >>> round(line(np.array([1.0, 2.0, 4.0]), np.array([5.0, 7.0, 11.0])).slope, 6)
    2.0
    """
    slope, start = np.polyfit(x, y, 1)
    return Law(float(start), float(slope), float(np.max(np.abs(start + slope * x - y) / np.abs(y))))


def number(value: float) -> str:
    """Three digits that count, without an exponent.

    >>> number(1234.5), number(0.09467), number(9.79), number(1e-17)
    ('1,230', '0.0947', '9.79', '0')
    """
    return f"{float(f'{value:.3g}'):,.12g}" if abs(value) > 1e-9 else "0"


def totals(cost: pd.DataFrame) -> pd.DataFrame:
    """A row for each measured sweep: what all its jobs used and left."""
    jobs = cost[~cost["stage"].isin(OWN)]
    found = jobs.groupby(list(FACTORS), sort=False)
    return found.agg({"cpu_s": "sum", "peak_mb": "max", "bytes": "sum", "files": "sum"}).reset_index()


def varied(cost: pd.DataFrame, factor: str) -> pd.DataFrame:
    """The measured sweeps that differ from the first one in nothing but a factor, by its values."""
    sweeps = totals(cost)
    same = [sweeps[other] == sweeps[other].iloc[0] for other in FACTORS if other != factor]
    return sweeps[np.logical_and.reduce(same)].sort_values(factor)


def laws(cost: pd.DataFrame) -> pd.DataFrame:
    """Of each factor and quantity: the line through the measured sweeps."""
    rows = []
    for factor in FACTORS:
        held = varied(cost, factor)
        x = held[factor].to_numpy(float)
        for name, (label, divisor) in QUANTITIES.items():
            law = line(x, held[name].to_numpy(float) / divisor)
            values = f"{x.min():.0f} to {x.max():.0f} {factor}"
            rows.append((values, label, number(law.start), number(law.slope), f"{100 * law.off:.1f}"))
    return pd.DataFrame(rows, columns=["measured", "quantity", "at zero", "each adds", "largest residual (%)"])


def terms(stage: str, samples: Float[np.ndarray, " n"], folds: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3"]:
    """What a kind of job does: it starts; it does something for each fold; and something for samples of each fold.

    A stage that trains sees n (k - 1) / k samples in each of k folds; any other judges them all, k times.
    """
    trains = stage in stages.ORDER and stage_module(stage).TRAINS
    return np.stack([np.ones_like(folds), folds, samples * (folds - 1 if trains else folds)], axis=1)


def fitted(stage: str, rows: pd.DataFrame, name: str) -> Float[np.ndarray, " 3"]:
    """What each of the `terms` adds to a column of measured rows; none is less than nothing."""
    known = terms(stage, rows["samples"].to_numpy(float), rows["folds"].to_numpy(float))
    return np.asarray(nnls(known, rows[name].to_numpy(float))[0])


def networks(cost: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The measured sweeps of one run: a table a kind of job, without the data, which all runs share."""
    one = cost[(cost["seeds"] == 1) & (cost["points"] == 1) & ~cost["stage"].isin((*OWN, "data"))]
    return {str(stage): rows for stage, rows in one.groupby("stage", sort=False)}


def at(cost: pd.DataFrame, name: str, samples: int, folds: int) -> dict[str, tuple[float, float]]:
    """Of each kind of job, what it uses or leaves at a size, such as cpu_s: by its start, and by the rest."""
    found = {}
    for stage, rows in networks(cost).items():
        here = terms(stage, np.array([float(samples)]), np.array([float(folds)]))[0]
        parts = here * fitted(stage, rows, name)
        found[stage] = float(parts[0]), float(parts[1:].sum())
    return found


def published_size() -> tuple[int, int]:
    """Samples and folds of the published study."""
    p = Parameters()
    return p.subjects * p.trials, p.folds


class OneRun(NamedTuple):
    """What one run of the published size uses and leaves, start_s of cpu_s for starting its programs."""

    cpu_s: float
    start_s: float
    jobs: int
    peak_mb: float
    files: float
    bytes: float
    rows: float
    table_bytes: float


def a_run(cost: pd.DataFrame) -> OneRun:
    """What one run costs at the published size, extrapolated."""
    size = published_size()
    took = at(cost, "cpu_s", *size)
    left = {name: sum(map(sum, at(cost, name, *size).values())) for name in ("files", "bytes", "rows")}
    ends = networks(cost)["run"]
    peak = line(*varied(cost, "samples")[["samples", "peak_mb"]].to_numpy(float).T)
    return OneRun(
        cpu_s=sum(map(sum, took.values())),
        start_s=sum(start for start, _ in took.values()),
        jobs=len(took),
        peak_mb=peak.start + peak.slope * size[0],
        files=left["files"],
        bytes=left["bytes"],
        rows=left["rows"],
        table_bytes=left["rows"] * float((ends["bytes"] / ends["rows"]).mean()),
    )
