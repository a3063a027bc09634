"""Write what book/scale.md shows, from the tables that tools/scale.py measured: python tools/scale_tables.py

Laws of growth, what they say of the published size, a sweep on a cluster, limits, and two figures; all of it goes to
reference/scale/shown.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure
from scale_laws import FACTORS, a_run, at, laws, line, published_size, varied

from harlib import files
from harlib.plots import style
from harlib.project import project_root
from harlib.sweeps.plan import MOST

ROOT = project_root()
TABLES = ROOT / "reference" / "scale"
MEASURED = ("cost", "published", "planning", "submitting")
NODES, CORES = 16, 32
RUNS, SEEDS = 10_000, 10
SIZES = (1000, RUNS, MOST)
AIM_S = 300.0
PROFILE = "as in the profile"
Tables = dict[str, pd.DataFrame]


def check(held: Tables) -> pd.DataFrame:
    """What the laws say of the published size, beside what the published run took."""
    said = {stage: rest for stage, (_, rest) in at(held["cost"], "cpu_s", *published_size()).items()}
    took = {str(stage): float(seconds) for stage, seconds in held["published"].itertuples(index=False)}
    pairs = [(stage, said[stage], seconds) for stage, seconds in took.items()]
    pairs.append(("all", sum(said[stage] for stage in took), sum(took.values())))
    rows = [(stage, f"{law:.0f}", f"{seconds:.0f}", f"{law / seconds:.2f}") for stage, law, seconds in pairs]
    return pd.DataFrame(rows, columns=["stage", "by the laws (processor s)", "published run (s)", "ratio"])


def pace(submitting: pd.DataFrame, runs: int, way: str = PROFILE) -> float:
    """Seconds by the clock that Snakemake itself needs for a run, in a sweep of so many."""
    row = submitting[(submitting["runs"] == runs) & (submitting["scheduler"] == way)].iloc[0]
    return float(row["in_s"] / row["finished"]) if row["finished"] else np.inf


def controlled(held: Tables, runs: int) -> float:
    """Hours that Snakemake itself needs for a sweep of so many runs, whatever the cluster."""
    planning = held["planning"]
    law = line(planning["runs"].to_numpy(float), planning["cpu_s"].to_numpy(float))
    return (law.start + law.slope * runs + runs * pace(held["submitting"], RUNS)) / 3600


def estimate(held: Tables) -> pd.DataFrame:
    """A sweep of the published size on a cluster; its runs share nothing but the data."""
    one, cores = a_run(held["cost"]), NODES * CORES
    at_a_time = yaml.safe_load((ROOT / "workflow" / "profiles" / "slurm" / "config.yaml").read_text())["jobs"]
    hours = RUNS * one.cpu_s / 3600
    rows = [
        ("runs", f"{RUNS:,}"),
        ("jobs of Snakemake", f"{RUNS * one.jobs + 1:,}"),
        ("jobs of SLURM", f"{RUNS + 1:,}"),
        ("processor time of a run, s", f"{one.cpu_s:.0f}"),
        ("of these, for starting programs, s", f"{one.start_s:.0f}"),
        ("processor time of the sweep, days", f"{hours / 24:.0f}"),
        (f"on {NODES} nodes of {CORES} cores, all busy, hours", f"{hours / cores:.1f}"),
        (f"with {at_a_time} jobs at a time, as in the profile, hours", f"{hours / at_a_time:.1f}"),
        ("what Snakemake itself needs, hours", f"{controlled(held, RUNS):.1f}"),
        ("memory of a node whose cores are all busy, GB", f"{CORES * one.peak_mb / 1e3:.0f}"),
    ]
    return pd.DataFrame(rows, columns=["quantity", "estimate"])


def limits(held: Tables) -> pd.DataFrame:
    """What grows with the number of runs, at several."""
    cost, planning = held["cost"], held["planning"]
    one, (_, folds) = a_run(cost), published_size()
    by_runs = {
        name: line(planning["runs"].to_numpy(float), planning[name].to_numpy(float))
        for name in ("cpu_s", "peak_mb", "plan_bytes", "log_bytes")
    }
    looks = cost[cost["stage"] == "check"].merge(varied(cost, "folds")[list(FACTORS)])
    look = line(looks["folds"].to_numpy(float), looks["cpu_s"].to_numpy(float))
    pages = cost[cost["stage"] == "page"].merge(varied(cost, "points")[list(FACTORS)])
    page = line(pages["points"].to_numpy(float), pages["cpu_s"].to_numpy(float))
    rows: dict[str, list[str]] = {}
    for runs in SIZES:
        said = {name: law.start + law.slope * runs for name, law in by_runs.items()}
        for what, value in (
            ("jobs of Snakemake", f"{runs * one.jobs + 1:,}"),
            ("planning, processor minutes", f"{said['cpu_s'] / 60:.1f}"),
            ("planning, memory, GB", f"{said['peak_mb'] / 1e3:.1f}"),
            ("what Snakemake itself needs, hours", f"{controlled(held, runs):.1f}"),
            ("plan.json, MB", f"{said['plan_bytes'] / 1e6:.1f}"),
            ("plan.json read by all jobs, GB", f"{runs * (one.jobs + 2) * said['plan_bytes'] / 1e9:,.0f}"),
            ("files", f"{runs * one.files:,.0f}"),
            ("results, GB", f"{runs * one.bytes / 1e9:.0f}"),
            ("rows of results.csv", f"{runs * one.rows:,.0f}"),
            ("results.csv, MB", f"{runs * one.table_bytes / 1e6:.0f}"),
            (
                "looking at all networks when it goes on, minutes",
                f"{runs * (look.start + look.slope * folds) / 60:.1f}",
            ),
            ("the page, minutes", f"{(page.start + page.slope * runs / SEEDS) / 60:.1f}"),
        ):
            rows.setdefault(what, []).append(value)
    heads = ["quantity", *(f"{runs:,} runs" for runs in SIZES)]
    return pd.DataFrame([(what, *values) for what, values in rows.items()], columns=heads)


def planning(held: Tables) -> pd.DataFrame:
    """The dry runs as the page shows them."""
    found = held["planning"]
    columns = {
        "runs": [f"{runs:,}" for runs in found["runs"]],
        "jobs": [f"{jobs:,}" for jobs in found["jobs"]],
        "dry run (processor s)": [f"{seconds:.0f}" for seconds in found["cpu_s"]],
        "by the clock (s)": [f"{seconds:.0f}" for seconds in found["wall_s"]],
        "memory (MB)": [f"{size:,.0f}" for size in found["peak_mb"]],
        "log (MB)": [f"{size / 1e6:.1f}" for size in found["log_bytes"]],
    }
    return pd.DataFrame(columns)


def submitting(held: Tables) -> pd.DataFrame:
    """The pretended clusters as the page shows them."""
    rows = [
        (
            f"{row.runs:,}",
            row.scheduler,
            f"{row.first_s:.1f}",
            f"{row.finished:,}",
            f"{row.in_s:.0f}",
            f"{row.in_s / row.finished:.2f}" if row.finished else "",
        )
        for row in held["submitting"].itertuples()
    ]
    heads = ["runs", "jobs are chosen", "first choice (s)", "finished", "in (s)", "seconds a run"]
    return pd.DataFrame(rows, columns=heads)


def growth_figure(cost: pd.DataFrame) -> Figure:
    """Processor time against each factor, with its line."""
    figure, axes = plt.subplots(1, len(FACTORS), figsize=(11, 3), sharey=True)
    for axis, factor in zip(axes, FACTORS, strict=True):
        found = varied(cost, factor)
        x, y = found[factor].to_numpy(float), found["cpu_s"].to_numpy(float)
        law, ends = line(x, y), np.array([0, x.max()])
        axis.plot(ends, law.start + law.slope * ends, color=style.PALETTE[0], label="line")
        axis.plot(x, y, "D", color=style.PALETTE[1], label="measured")
        axis.set_xlabel(factor)
    axes[0].set(ylabel="processor time (s)", ylim=(0, None))
    axes[0].legend(frameon=False)
    figure.suptitle("The cost of a sweep is a straight line in each of its sizes", x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def planning_figure(planned: pd.DataFrame) -> Figure:
    """Time and memory of the dry run against the number of runs, with lines, and the time aimed at."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    x = planned["runs"].to_numpy(float)
    ends = np.array([0, x.max()])
    for axis, name, label in zip(axes, ("cpu_s", "peak_mb"), ("processor time (s)", "memory (MB)"), strict=True):
        law = line(x, planned[name].to_numpy(float))
        axis.plot(ends, law.start + law.slope * ends, color=style.PALETTE[0], label="line")
        axis.plot(x, planned[name], "D", color=style.PALETTE[1], label="measured")
        axis.set(xlabel="runs", ylabel=label)
        axis.xaxis.set_major_formatter("{x:,.0f}")
    axes[0].axhline(AIM_S, color=style.PALETTE[3], linestyle="--", label="five minutes")
    axes[0].legend(frameon=False, loc="center left")
    for axis in axes:
        axis.set_ylim(0, None)
    figure.suptitle("Time and memory of planning grow along a line", x=0.01, ha="left", fontsize="medium")
    plt.close(figure)
    return figure


def shown(held: Tables) -> dict[str, str | bytes]:
    """Name to content of every file that the page shows."""
    made = {"growth": laws(held["cost"])}
    made |= {name.__name__: name(held) for name in (check, estimate, limits, planning, submitting)}
    found: dict[str, str | bytes] = {f"{name}.csv": table.to_csv(index=False) for name, table in made.items()}
    with style.look():
        for name, drawn in (
            ("growth", growth_figure(held["cost"])),
            ("planning", planning_figure(held["planning"])),
        ):
            picture = io.BytesIO()
            drawn.savefig(picture, format="svg", metadata={"Date": None}, bbox_inches="tight")
            found[f"{name}.svg"] = picture.getvalue()
    return found


def read() -> Tables:
    """The measured tables."""
    return {name: pd.read_csv(TABLES / f"{name}.csv") for name in MEASURED}


def main() -> None:
    """Run as a program."""
    for name, content in shown(read()).items():
        files.write(TABLES / "shown" / name, content)
    print("reference/scale/shown is written")


if __name__ == "__main__":
    main()
