"""The committed report is of the committed models, and says of them what today's code says."""

import json

import numpy as np
import pandas as pd
from helpers import load_script

from harlib import files
from harlib.integer import exactness
from harlib.integer.model import load
from harlib.project import project_root

ROOT = project_root()
REPORT = ROOT / "reference" / "integer"
PATHS = sorted((ROOT / "reference" / "published" / "models").glob("*.json"))
MODELS = [load(path) for path in PATHS]


def report():
    return load_script(ROOT / "tools" / "integer_report.py")


def test_the_committed_report_is_of_the_committed_models():
    held = json.loads((REPORT / "report.json").read_text())
    assert held["models"] == {path.name: files.sha256(path) for path in PATHS}, "make integer-report"
    assert held["fit 32 bits"]
    agreed = pd.read_csv(REPORT / "agreement.csv")
    assert (agreed["differing"] == 0).all()
    assert (agreed["inputs"] > 0).all()
    folds = agreed[agreed["inputs from"] == "test folds"]
    assert (folds["inputs"] == 1380).all()
    random = agreed[agreed["inputs from"] == "random"].set_index("engine")["inputs"]
    slow = random.index.isin(report().SLOW)
    assert [set(random[~slow]), set(random[slow])] == [{count} for count in held["random inputs"]]
    assert {"C, compact", "C, fast", "C, packed", "ONNX Runtime", "JavaScript", "PyTorch, float64"} == set(
        agreed["engine"]
    )
    assert (agreed["values"] >= 5 * agreed["inputs"]).all()
    bits = pd.read_csv(REPORT / "bits.csv").set_index("multiplier bits")
    assert bits.index.tolist() == list(range(4, 32))
    assert (bits.loc[24:, "differing, as exported"] == 0).all()
    assert (bits["differing, as exported"] <= bits["differing, to nearest"]).all()


def test_the_committed_tables_of_proofs_are_todays():
    tool = report()
    pd.testing.assert_frame_equal(
        tool.published_differences(MODELS), pd.read_csv(REPORT / "requantization.csv"), check_dtype=False
    )
    table = tool.bounds(MODELS).replace("", np.nan)
    pd.testing.assert_frame_equal(table, pd.read_csv(REPORT / "bounds.csv"), check_dtype=False)
    bits = pd.read_csv(REPORT / "bits.csv").set_index("multiplier bits")["differing, as exported"]
    counts = [exactness.differences_by_bits(model, (8, 16, 24)) for model in MODELS]
    assert [sum(count[tried] for count in counts) for tried in (8, 16, 24)] == [bits[8], bits[16], bits[24]]
