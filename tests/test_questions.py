"""The tables of the page of questions say what the files say."""

import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from harlib import questions
from harlib.errors import HarlibError
from harlib.integer.model import load
from harlib.project import project_root

PUBLISHED = project_root() / "reference" / "published"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("questions")
    questions.write(PUBLISHED, target)
    return target


def test_floats_and_integers_of_the_channel_belong_together(written: Path) -> None:
    text = (written / "integers.md").read_text()
    channel = int(re.match(r"Channel (\d+) of", text)[1]) - 1
    layer = next(layer for layer in load(PUBLISHED / "models/fold0.json").convolutions if layer.name == questions.LAYER)
    factor = float(re.search(r"s_\\mathrm\{out\}\)\$ \| ([\d.]+) \| multiplier", text)[1])
    assert factor == pytest.approx(layer.real_multiplier[channel], rel=1e-5)
    bias, rounded = re.search(r"\| (-?[\d.]+) \| bias \$B\$ \| (-?\d+) \|", text).groups()
    assert int(rounded) == layer.bias[channel] == np.floor(float(bias) + 0.5)
    floats, codes = (
        np.array([[float(value) for value in line.split("&nbsp;")] for line in cell.split("<br>")])
        for cell in re.search(r"32 bits each \| (.*?) \| .*? \| (.*?) \|", text).groups()
    )
    sign = -1 if "flipped" in text else 1
    assert (codes == layer.weights[channel, 0]).all()
    assert (np.sign(floats[codes != 0]) == sign * codes[codes != 0]).all()


def test_sizes_are_bytes_and_only_codes_are_small(written: Path) -> None:
    rows = dict(re.findall(r"^\| ([^|]+) \| ([\d,]+) \|$", (written / "sizes.md").read_text(), re.MULTILINE))
    size = {name.split(":")[0]: int(value.replace(",", "")) for name, value in rows.items()}
    assert size["the model file"] == (PUBLISHED / "models/fold0.json").stat().st_size
    floats = sum(v.size for v in load_file(PUBLISHED / "checkpoints/fp32/fold0.safetensors").values() if v.ndim > 1)
    assert size["its 2,768 weights alone, as floats"] == size["the same, fake-quantized"] == 4 * floats
    assert size["the same, packed four a byte"] == floats / 4
    assert size["the same, packed four a byte"] < size["the same, fake-quantized and compressed by gzip"] < floats


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/fold0.json").write_bytes((PUBLISHED / "models/fold0.json").read_bytes())
    with pytest.raises(HarlibError, match=r"pruned/fold0\.safetensors is missing"):
        questions.write(tmp_path, tmp_path)
