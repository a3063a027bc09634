import hashlib
import pickle

import numpy as np
import pytest

from harlib.errors import HarlibError
from harlib.integer import oracle, vectors
from integer.examples import inputs
from integer.test_oracle import GOLDEN


@pytest.fixture
def path(tmp_path):
    vectors.save(tmp_path / "vectors.npz", GOLDEN, inputs(GOLDEN, 5)[:, 0])
    return tmp_path / "vectors.npz"


def rewrite(path, **changes):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays |= changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


def test_the_file_holds_what_the_contract_names(path):
    x = inputs(GOLDEN, 5)
    traced = oracle.trace(GOLDEN, x)
    with np.load(path, allow_pickle=False) as file:
        layers = [f"{kind}/{layer.name}" for kind in ("output", "sha256") for layer in GOLDEN.layers]
        assert sorted(file.files) == sorted(["input", "logits", *layers])
        np.testing.assert_array_equal(file["input"], x[:, 0])
        assert file["input"].dtype == np.uint8
        np.testing.assert_array_equal(file["logits"], traced["linear"])
        assert file["logits"].dtype == np.int32
        for name, output in traced.items():
            np.testing.assert_array_equal(file[f"output/{name}"], output[:2])
            rest = output[2:].astype("<i4" if name == "linear" else "u1").tobytes()
            assert file[f"sha256/{name}"].item() == hashlib.sha256(rest).hexdigest()
    assert [entry.name for entry in path.parent.iterdir()] == ["vectors.npz"]


def test_the_same_samples_give_the_same_bytes(path, tmp_path):
    vectors.save(tmp_path / "again.npz", GOLDEN, inputs(GOLDEN, 5)[:, 0])
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_the_oracle_verifies(path):
    assert vectors.verify(GOLDEN, vectors.load(path)) == 5


@pytest.mark.parametrize(
    ("name", "place", "named"),
    [
        ("output/conv1", (1, 0, 1, 2), r"layer conv1: 1 values differ; the first, at \[1, 0, 1, 2\]"),
        ("output/pool", (0, 1), r"layer pool: 1 values"),
        ("output/linear", (0, 1), r"layer linear: 1 values"),
        ("logits", (4, 1), r"logits: 1 values differ; the first, at \[4, 1\]"),
        ("input", (4, 1, 1), r"layer conv1: its hash over samples 2\.\."),
    ],
)
def test_one_changed_number_is_found(path, name, place, named):
    with np.load(path) as file:
        array = file[name].copy()
    array[place] ^= 1 if name != "input" else 255
    rewrite(path, **{name: array})
    with pytest.raises(HarlibError, match=named):
        vectors.verify(GOLDEN, vectors.load(path))


def test_an_engine_that_rounds_down_is_found(path):
    def floor(model, x):
        conv = model.convolutions[0]
        wrong = conv.model_copy(update={"bias": (conv.bias[0] - 1, conv.bias[1])})
        return oracle.trace(model.model_copy(update={"layers": (wrong, *model.layers[1:])}), x)

    with pytest.raises(HarlibError, match="layer conv1"):
        vectors.verify(GOLDEN, vectors.load(path), floor)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"logits": None}, "has no array 'logits'"),
        ({"input": None}, "has no array 'input'"),
        ({"sha256/pool": None}, "has no array 'sha256/pool'"),
        ({"logits": np.zeros((5, 2))}, "logits is float64; must be int32"),
        ({"input": np.zeros((5, 2, 3), np.int64)}, "input is int64; must be uint8"),
        ({"logits": np.zeros((4, 2), np.int32)}, r"input \[5, 2, 3\] and logits \[4, 2\]"),
        ({"logits": np.array([{}], object)}, "holds Python objects"),
    ],
)
def test_other_files_are_named(path, changes, named):
    rewrite(path, **changes)
    with pytest.raises(HarlibError, match=rf"vectors\.npz:? {named}"):
        vectors.load(path)


def test_layers_and_shapes_of_another_model_are_named(path):
    rewrite(path, **{"output/pool": None, "sha256/pool": None})
    with pytest.raises(HarlibError, match="layer pool: is not in the vectors"):
        vectors.verify(GOLDEN, vectors.load(path))


def test_damaged_files_are_named(path, tmp_path):
    data = path.read_bytes()
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(HarlibError, match=r"vectors\.npz"):
            vectors.load(path)
    for content in (pickle.dumps({"input": 1}), b"\x93NUMPY" + bytes(80)):
        path.write_bytes(content)
        with pytest.raises(HarlibError, match=r"no readable \.npz file"):
            vectors.load(path)
    np.save(path.with_suffix(".npy"), np.zeros(3))
    path.with_suffix(".npy").replace(path)
    for other in (path, tmp_path / "none.npz", tmp_path):
        with pytest.raises(HarlibError, match=r"no readable \.npz file|is no file"):
            vectors.load(other)
