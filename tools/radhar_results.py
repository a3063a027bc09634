"""Write what the page on real recordings shows, from the run of config/radhar.yml: python tools/radhar_results.py RUN

reference/radhar holds only counts, accuracies and differences; no recording.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from harlib import data, evaluate
from harlib.project import project_root
from harlib.stages import ORDER

STEPS = (("fp32", "qat"), ("qat", "pruned"), ("fp32", "integer"))
LOST = ["from and to", "lost (points)", "95 % over recordings"]
MARGIN = ("best_simple", "simple_margin", "simple_margin_ends")  # what notebook 02 glues


def windows(dataset: data.Dataset) -> pd.DataFrame:
    """Recordings and windows of each class."""
    rows = [(name, dataset.group[dataset.y == c]) for c, name in enumerate(dataset.classes)]
    counts = [(name, len(np.unique(group)), len(group)) for name, group in rows]
    return pd.DataFrame(counts, columns=["class", "recordings", "windows"])


def stages(metrics: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each stage, in percent: the mean of the folds, the lowest and the highest."""
    accuracy = metrics.query("metric == 'accuracy'").groupby("stage")["value"]
    folds = 100 * accuracy.agg(["mean", "min", "max"]).loc[list(ORDER)]
    shown = {"mean (%)": folds["mean"], "lowest fold (%)": folds["min"], "highest fold (%)": folds["max"]}
    return pd.DataFrame(shown).round(2).reset_index()


def folds(metrics: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each stage and fold, in percent."""
    accuracy = metrics.query("metric == 'accuracy'").pivot(index="stage", columns="fold", values="value")
    percent = (100 * accuracy.loc[list(ORDER)]).round(2)
    return percent.rename(columns=lambda fold: f"fold {fold + 1} (%)").reset_index()


def differences(predictions: pd.DataFrame) -> pd.DataFrame:
    """What steps between stages cost, in points: paired on the same windows, bootstrap intervals over recordings."""
    ordered = predictions.sort_values("sample").assign(right=lambda table: table["label"] == table["predicted"])
    right = {stage: rows["right"].to_numpy(float) for stage, rows in ordered.groupby("stage")}
    group = ordered.query("stage == 'fp32'")["group"].to_numpy()
    drops = [(f"{a} to {b}", evaluate.paired_drop(right[a], right[b], group)) for a, b in STEPS]
    return pd.DataFrame([(name, f"{100 * d.estimate:.2f}", d.ends()) for name, d in drops], columns=LOST)


def baseline(notebook: Path) -> pd.DataFrame:
    """How far the best simple model of notebook 02 stays below `fp32`, as the executed notebook says."""
    said = {}
    for cell in json.loads(notebook.read_text())["cells"]:
        for output in cell.get("outputs", []):
            if name := output.get("metadata", {}).get("scrapbook", {}).get("name"):
                said[name] = next(iter(output["data"].values()))
    name, margin, ends = (said[key].strip("'") for key in MARGIN)
    row = (f"fp32 to {name} with logistic regression", f"{float(margin):.2f}", ends)
    return pd.DataFrame([row], columns=LOST)


def main() -> None:
    """Write the four tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="such as runs/radhar")
    parser.add_argument("--out", type=Path, default=project_root() / "reference" / "radhar")
    options = parser.parse_args()
    metrics = pd.read_csv(options.run / "metrics.csv")
    lost = differences(pd.read_csv(options.run / "predictions.csv"))
    tables = {
        "windows": windows(data.load(options.run / "data.npz")),
        "stages": stages(metrics),
        "folds": folds(metrics),
        "differences": pd.concat([lost, baseline(options.run / "notebooks" / "02-fp32-baseline.ipynb")]),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(options.out / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
