"""What the playground is given: test samples, weights, a grid over three axes; and no recording without permission."""

import base64
import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers import book_files

from harlib import data, parameters, playground
from harlib.errors import HarlibError
from harlib.integer.inputs import input_codes
from harlib.integer.model import load
from harlib.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return book_files(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def written(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("playground")
    playground.write(run, target)
    return target


def read(written: Path, name: str) -> dict:
    return json.loads((written / f"{name}.json").read_text())


def decoded(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(64, 64)


def test_samples_are_test_samples_of_the_fold_as_the_engine_takes_them(run: Path, written: Path) -> None:
    dataset, network = data.load(run / "data.npz"), load(run / "models/fold0.json")
    found = read(written, "samples")
    test = data.folds(dataset, 2, 0, "test")[0].test
    assert [one["label"] for one in found["samples"]] == [k for k in range(5) for _ in range(3)]
    for one in found["samples"]:
        assert one["sample"] in test
        assert dataset.y[one["sample"]] == one["label"]
        expected = input_codes(dataset.x[one["sample"]], network.input.low, network.input.high)
        assert (decoded(one["codes"]) == expected).all()
    assert found["axes"]["limit_m_s"] == pytest.approx(3.107, abs=1e-3)


def test_model_is_the_file_itself(run: Path, written: Path) -> None:
    assert (written / "model.json").read_bytes() == (run / "models/fold0.json").read_bytes()


def test_weights_are_the_checkpoints_in_the_order_of_the_network(run: Path, written: Path) -> None:
    state = Run(run).state("fp32", 0)
    layers = read(written, "weights")["stages"]["fp32"]
    assert [layer["name"] for layer in layers] == [layer.name for layer in load(run / "models/fold0.json").layers
                                                   if layer.op != "global_average_pool"]  # fmt: skip
    first = np.frombuffer(base64.b64decode(layers[0]["values"]), "<f4").reshape(layers[0]["shape"])
    assert (first == state["blocks.convolution.convolution.weight"].numpy()).all()
    assert sum(np.prod(layer["shape"]) for layer in read(written, "weights")["stages"]["qat"]) == 2768


def test_grid_changes_with_each_axis(written: Path) -> None:
    grid = read(written, "grid")
    sizes = [len(grid[name]) for name in ("activities", "tempo", "speed", "snr_db")]
    assert sizes == [5, 3, 3, 3]
    x = np.frombuffer(zlib.decompress(base64.b64decode(grid["codes"])), np.uint8).reshape(*sizes, 64, 64)
    for axis in range(4):
        first, last = np.take(x, 0, axis), np.take(x, -1, axis)
        assert (first != last).any(axis=(-1, -2)).all()
    assert x[..., 0, :, :].std() > x[..., -1, :, :].std()  # noise buries the echo


def test_a_faster_film_spreads_over_more_velocities(run: Path) -> None:
    p = parameters.check(Run(run).parameters())
    rows = np.abs(np.arange(64) - 32)

    def spread(speed: float) -> float:
        raw = playground.recording(p, "situp", 1.0, speed, 36.0)
        power = 10 ** (raw / 200)
        echo = np.clip(power.sum(axis=1) - 64 * np.median(power), 0, None)
        return float((rows * echo).sum() / echo.sum())

    slow, fast = spread(0.5), spread(1.0)
    assert 1.6 < fast / slow < 2.4


def test_the_grid_is_simulated_once(run: Path, written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(playground, "grid", lambda *_: pytest.fail("simulated again"))
    monkeypatch.setattr(playground, "pictures", lambda *_: {})
    playground.write(run, tmp_path)
    assert (tmp_path / "grid.json").read_bytes() == (written / "grid.json").read_bytes()


@pytest.mark.parametrize("shown", [False, True])
def test_recordings_are_shown_only_where_that_is_allowed(tmp_path: Path, shown: bool) -> None:
    run = book_files(tmp_path / "run", data_file="data/own.npz", publish_samples=shown)
    playground.write(run, tmp_path / "out")
    found = read(tmp_path / "out", "samples")
    assert found["withheld"] is not shown
    assert len(found["samples"]) == (15 if shown else 0)
    assert found["axes"] is None
    assert read(tmp_path / "out", "grid") is None
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jpg")) == [
        "classify.jpg", "grid.jpg", "scales.jpg", "threshold.jpg"
    ]  # fmt: skip


def test_a_missing_file_is_named(run: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(run, tmp_path / "run")
    Run(broken).checkpoint("qat", 0).unlink()
    with pytest.raises(HarlibError, match=r"qat/fold0\.safetensors is missing: run the study again"):
        playground.write(broken, tmp_path / "out")
