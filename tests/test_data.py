"""The data file refuses what it should; folds are disjoint by subject, stratified and of 276 samples."""

import dataclasses

import numpy as np
import pytest
from helpers import toy_dataset

from harlib import data
from harlib.errors import HarlibError
from harlib.parameters import Simulation
from harlib.radar import assign_classes


def arrays(dataset):
    names = ("x", "y", "group", "classes", "unit", "provenance")
    return {name: np.asarray(getattr(dataset, name)) for name in names}


def test_round_trip_and_equal_bytes(tmp_path):
    dataset = dataclasses.replace(toy_dataset(), nuisance={"snr_db": np.linspace(20, 30, 40)})
    data.save(tmp_path / "a.npz", dataset)
    data.save(tmp_path / "b.npz", dataset)
    again = data.load(tmp_path / "a.npz")
    assert np.array_equal(again.x, dataset.x)
    assert again.classes == dataset.classes
    assert np.array_equal(again.nuisance["snr_db"], dataset.nuisance["snr_db"])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.full((40, 64, 64), np.nan)}, "NaN"),
        ({"x": np.zeros((40, 64, 64), np.float32)}, "uint16"),
        ({"x": np.zeros((40, 32, 64), np.uint16)}, r"shape \(40, 32, 64\)"),
        ({"x": np.zeros((40,), np.uint16)}, "shape"),
        ({"y": np.full(40, 5)}, r"allowed are 0..4"),
        ({"y": np.full(40, -1)}, "class -1"),
        ({"y": np.zeros(39, np.int64)}, "one integer a spectrogram"),
        ({"group": np.zeros(40)}, "group is float64"),
        ({"classes": np.array(["a", "a"])}, "different names"),
        ({"nuisance_snr_db": np.full(40, np.nan)}, "nuisance snr_db"),
        ({"nuisance_snr_db": np.zeros(39)}, "one finite number a spectrogram"),
        ({"x": np.array([{"a": 1}] * 40, dtype=object)}, "npz"),
    ],
)
def test_bad_content_is_named(tmp_path, change, message):
    path = tmp_path / "bad.npz"
    np.savez(path, **(arrays(toy_dataset()) | change))
    with pytest.raises(HarlibError, match=message) as caught:
        data.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_array_file_and_damage(tmp_path):
    with pytest.raises(HarlibError, match="is missing"):
        data.load(tmp_path / "none.npz")
    partial = arrays(toy_dataset())
    del partial["group"]
    np.savez(tmp_path / "partial.npz", **partial)
    with pytest.raises(HarlibError, match="'group' is missing"):
        data.load(tmp_path / "partial.npz")
    data.save(tmp_path / "whole.npz", toy_dataset())
    content = (tmp_path / "whole.npz").read_bytes()
    for name, damaged in (("cut", content[: len(content) // 2]), ("empty", b""), ("text", b"hello"), ("flip", None)):
        if damaged is None:
            middle = len(content) // 3
            damaged = content[:middle] + bytes(b ^ 0xFF for b in content[middle : middle + 64]) + content[middle + 64 :]
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(HarlibError, match="npz"):
            data.load(tmp_path / name)


def test_published_folds_have_276_samples_of_subjects_of_their_own():
    y = np.concatenate([assign_classes(Simulation(), 0, subject, 46) for subject in range(30)])
    group = np.repeat(np.arange(30), 46)
    x = np.zeros((1380, 64, 64), np.uint16)
    dataset = data.Dataset(x, y, group, toy_dataset().classes, "", "")
    assert np.bincount(y).tolist() == [276] * 5
    split = data.folds(dataset, 5, seed=0)
    assert sorted(np.concatenate([fold.test for fold in split])) == list(range(1380))
    for fold in split:
        assert len(fold.test) == 276
        assert not set(group[fold.train]) & set(group[fold.test])
        assert np.ptp(np.bincount(y[fold.test])) <= 4


def test_validation_never_sees_a_folds_test_subjects():
    dataset = toy_dataset(10, 10)
    for outer, inner in zip(
        data.folds(dataset, 5, 1), data.folds(dataset, 5, 1, evaluate_on="validation"), strict=True
    ):
        seen = set(dataset.group[inner.train]) | set(dataset.group[inner.test])
        assert not seen & set(dataset.group[outer.test])
        assert not set(dataset.group[inner.train]) & set(dataset.group[inner.test])
        assert len(inner.test) > 0


def test_random_split_leaks_subjects():
    dataset = toy_dataset(10, 10)
    fold = data.folds(dataset, 5, 0, by_subject=False)[0]
    assert set(dataset.group[fold.train]) & set(dataset.group[fold.test])


def test_more_folds_than_subjects_is_refused():
    with pytest.raises(HarlibError, match="5 is above the number of subjects"):
        data.folds(toy_dataset(4, 10), 5, 0)
