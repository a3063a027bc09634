"""Operations and bytes of the small example, counted by hand."""

from pathlib import Path

import pytest
from helpers import load_script

from harlib.integer.model import load
from harlib.project import project_root

model_sizes = load_script(project_root() / "tools" / "model_sizes.py")
GOLDEN = load(Path(__file__).with_name("golden.json"))


def test_operations_are_those_counted_by_hand():
    convolution, linear, total = model_sizes.operations(GOLDEN)
    # 2 x 4 outputs of 2 channels; 2 + 1 weights that are not 0.
    assert [convolution[key] for key in ("additions", "requantizations")] == ["24", "16"]
    assert convolution["dense products"] == "32"
    assert [linear["additions"], total["additions"], total["requantizations"]] == ["4", "28", "16"]


def test_bytes_are_those_counted_by_hand():
    found = {row["weights as"]: int(row["bytes"]) for row in model_sizes.sizes(GOLDEN)}
    assert list(found.values())[:4] == [32, 8, 2, 2]
    # shares 1/4, 1/2, 1/4 take 1.5 bits; the linear layer's halves take 1 bit: 6 + 4 bits
    assert found["entropy bound, a code a layer"] == 2


@pytest.mark.parametrize("key", ["ternary, estimate (µJ)", "fp32, estimate (µJ)"])
def test_energies_are_named_estimates(key):
    assert key in model_sizes.operations(GOLDEN)[0]
