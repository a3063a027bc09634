"""Claims that the book's fixed prose makes, checked by name for each run; the book lists those that do not hold."""

import json
from dataclasses import dataclass

import pandas as pd

from harlib import files
from harlib.data import Dataset
from harlib.parameters import Parameters
from harlib.runs import Run

FILE = "claims.json"
CLASSES = ("jogging", "jumping", "situp", "waving", "other")
"""The activities that the text describes."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the book, in short, and whether it holds for a run."""

    name: str
    sentence: str
    holds: bool


def check(data: Dataset, fresh: Dataset, parameters: Parameters, metrics: pd.DataFrame) -> list[Claim]:
    """All claims.

    Args:
        data: the data set of the run.
        fresh: its fresh test set, which may be empty.
        parameters: of the run.
        metrics: of the whole run, columns stage, fold, metric and value.
    """
    means = metrics.groupby(["stage", "metric"])["value"].mean()

    def accuracy(stage: str) -> float:
        return float(means[stage, "accuracy"])

    stale, estimated = accuracy("ternary-ptq"), accuracy("ternary-ptq-bn")
    return [
        Claim("simulated", "The data are simulated.", not parameters.data_file),
        Claim("classes", f"The classes are {', '.join(CLASSES)}.", data.classes == CLASSES),
        Claim("people", "Nobody is in both the training and the test part of a fold.", not data.leaky),
        Claim("test", "Accuracies are those of held-out test folds.", parameters.evaluate_on == "test"),
        Claim("fresh", "A fresh test set of other people checks the result (its numbers read nan).", len(fresh) > 0),
        Claim("stale", "Ternary weights without retraining lose more than 10 points.", stale < accuracy("fp32") - 0.1),
        Claim("statistics", "Re-estimated batch-norm statistics bring accuracy back.", estimated > stale),
        Claim("training", "Quantization-aware training brings back more.", accuracy("qat") > estimated),
        Claim(
            "zeros",
            "The share of zeros reaches what parameter sparsity asks for.",
            bool(means["integer", "zeros"] >= parameters.sparsity - 5e-4),  # of a few thousand weights
        ),
        Claim("exact", "The folded and the integer network give equal codes.", not means["integer", "codes_differing"]),
    ]


def write(run: Run, claims: list[Claim]) -> None:
    """Write claims.json of a run, which the book's banner reads."""
    files.write(run.path / FILE, json.dumps([vars(claim) for claim in claims], indent=1) + "\n")
