"""Each claim holds for a run like the published one and fails alone when its own fact is broken."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from helpers import toy_dataset

from harlib import claims, data, parameters
from harlib.runs import Run
from harlib.stages import ORDER

MEANS = {"fp32": 0.98, "ternary-ptq": 0.2, "ternary-ptq-bn": 0.8, "qat": 0.97, "pruned": 0.97}
MEANS |= {"folded": 0.97, "integer": 0.97}


def check(dataset=None, fresh=None, zeros=0.451, differing=0.0, values=None, **changed):
    means = MEANS | changed
    rows = [(stage, fold, "accuracy", means[stage]) for stage in ORDER for fold in range(2)]
    rows += [
        ("integer", fold, name, value)
        for fold in range(2)
        for name, value in (("zeros", zeros), ("codes_differing", differing))
    ]
    metrics = pd.DataFrame(rows, columns=["stage", "fold", "metric", "value"])
    dataset = dataset or toy_dataset()
    return claims.check(dataset, toy_dataset() if fresh is None else fresh, parameters.check(values or {}), metrics)


def failing(*arguments, **changed):
    return [claim.name for claim in check(*arguments, **changed) if not claim.holds]


def test_all_hold_for_a_run_like_the_published_one():
    assert failing() == []


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("simulated", {"values": {"data_file": "data/own.npz"}}),
        ("classes", {"dataset": replace(toy_dataset(), classes=("a", "b", "c", "d", "e"))}),
        ("people", {"dataset": replace(toy_dataset(), leaky=True)}),
        ("test", {"values": {"evaluate_on": "validation"}}),
        ("fresh", {"fresh": data.empty(toy_dataset())}),
        ("stale", {"ternary-ptq": 0.9, "ternary-ptq-bn": 0.95}),
        ("statistics", {"ternary-ptq-bn": 0.19}),
        ("training", {"qat": 0.79}),
        ("zeros", {"zeros": 0.44}),
        ("exact", {"differing": 1.0}),
    ],
)
def test_each_fails_alone_when_its_fact_is_broken(name, changed):
    assert failing(**changed) == [name]


def test_they_are_written_with_name_sentence_and_verdict(tmp_path):
    claims.write(Run(tmp_path), check(zeros=0.1))
    held = json.loads((tmp_path / "claims.json").read_text())
    assert {claim["name"] for claim in held if not claim["holds"]} == {"zeros"}
    assert all(claim["sentence"].endswith(".") for claim in held)
