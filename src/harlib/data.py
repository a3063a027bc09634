"""The data set: spectrograms with labels and subjects, its checks, its file, its folds."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64, UInt16

from harlib import files
from harlib.errors import HarlibError
from harlib.importing import arrays

Indices = Int64[np.ndarray, " n"]
_KEYS = ("x", "y", "group", "classes", "unit", "provenance")
_NUISANCE = "nuisance_"  # how the file names what was drawn
_LEAKY = "leaky"  # only in files where it is true


@dataclass(frozen=True)
class Dataset:
    """Spectrograms of several subjects.

    x: raw log magnitudes [n, 64, 64], Doppler by time; y: class index [n]; group: subject [n]; classes: names;
    unit: of x; provenance: where the data comes from, as text; nuisance: what was drawn apart from the movement, by a
    name with its unit (snr_db, distance_m, ...), one number a spectrogram; empty for recordings; leaky: True if the
    groups do not say who is seen, so that folds may share people.
    """

    x: UInt16[np.ndarray, "n 64 64"]
    y: Int64[np.ndarray, " n"]
    group: Int64[np.ndarray, " n"]
    classes: tuple[str, ...]
    unit: str
    provenance: str
    nuisance: Mapping[str, Float[np.ndarray, " n"]] = field(default_factory=dict)
    leaky: bool = False

    def __post_init__(self) -> None:
        _check(self)

    def __len__(self) -> int:
        return len(self.y)


def empty(data: Dataset) -> Dataset:
    """A data set of the same kind without a spectrogram: the fresh test set of recordings, which have none."""
    none = np.zeros(0, np.int64)
    return Dataset(np.zeros((0, 64, 64), np.uint16), none, none, data.classes, data.unit, "no fresh test set")


@dataclass(frozen=True)
class Fold:
    """Indices of one fold's training and test samples."""

    train: Indices
    test: Indices


def _check(data: Dataset) -> None:
    if data.x.dtype.kind == "f" and not np.isfinite(data.x).all():
        bad = int(np.flatnonzero(~np.isfinite(data.x).reshape(len(data.x), -1).all(1))[0])
        raise HarlibError(f"data: spectrogram {bad} holds NaN or infinite values: remove or repair it")
    if data.x.ndim != 3 or data.x.shape[1:] != (64, 64):
        raise HarlibError(f"data: x has shape {data.x.shape}, expected [n, 64, 64]: crop or resample the spectrograms")
    if data.x.dtype != np.uint16:
        raise HarlibError(f"data: x is {data.x.dtype}, expected uint16 log magnitudes (20 units a dB)")
    for name, values in (("y", data.y), ("group", data.group)):
        if values.shape != (len(data.x),) or values.dtype.kind not in "iu":
            raise HarlibError(
                f"data: {name} is {values.dtype} {values.shape}, expected one integer a spectrogram ({len(data.x)})"
            )
    for name, drawn in data.nuisance.items():
        if drawn.shape != (len(data.x),) or drawn.dtype.kind != "f" or not np.isfinite(drawn).all():
            raise HarlibError(f"data: nuisance {name} must be one finite number a spectrogram ({len(data.x)})")
    if len(data.classes) < 2 or len(set(data.classes)) != len(data.classes):
        raise HarlibError(f"data: classes are {data.classes}, expected two or more different names")
    if len(data.y) and not (data.y.min() >= 0 and data.y.max() < len(data.classes)):
        raise HarlibError(
            f"data: y holds class {data.y.max() if data.y.min() >= 0 else data.y.min()}, "
            f"allowed are 0..{len(data.classes) - 1} ({', '.join(data.classes)})"
        )


def save(path: Path, data: Dataset) -> None:
    """Write a data set as compressed npz without pickles; equal data gives an equal file."""
    arrays = {
        "x": data.x,
        "y": data.y,
        "group": data.group,
        "classes": np.array(data.classes),
        "unit": np.array(data.unit),
        "provenance": np.array(data.provenance),
        **{_NUISANCE + name: drawn for name, drawn in data.nuisance.items()},
        **({_LEAKY: np.array(True)} if data.leaky else {}),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    files.write(path, buffer.getvalue())


def load(path: Path) -> Dataset:
    """Read and check a data set.

    Raises:
        HarlibError: the file is missing, truncated, no npz, holds objects, or its content breaks a rule above.
    """
    if not path.is_file():
        raise HarlibError(f"{path} is missing: `harlib run` or notebook 01-radar-spectrograms makes it")
    held = arrays.read_npz(path, least=0)  # own recordings have an empty fresh test set
    if missing := [key for key in _KEYS if key not in held]:
        raise HarlibError(f"{path}: the array {missing[0]!r} is missing; expected are {', '.join(_KEYS)}")
    if shaped := [key for key in ("unit", "provenance", _LEAKY) if key in held and held[key].size != 1]:
        raise HarlibError(f"{path}: the array {shaped[0]!r} has shape {held[shaped[0]].shape}, expected one value")
    drawn = {key.removeprefix(_NUISANCE): value.copy() for key, value in held.items() if key.startswith(_NUISANCE)}
    try:
        return Dataset(
            held["x"].copy(),  # what is read may not be written to, and torch wants to
            held["y"].copy(),
            held["group"].copy(),
            tuple(str(name) for name in held["classes"].ravel()),
            str(held["unit"].item()),
            str(held["provenance"].item()),
            drawn,
            bool(held[_LEAKY].item()) if _LEAKY in held else False,
        )
    except HarlibError as error:
        raise HarlibError(f"{path}: {error}") from None


def folds(
    data: Dataset, count: int, seed: int, evaluate_on: Literal["test", "validation"] = "test", by_subject: bool = True
) -> list[Fold]:
    """Split into folds with about equal class shares, disjoint by subject.

    Args:
        data: what to split.
        count: folds, at most the number of subjects.
        seed: of the shuffle.
        evaluate_on: "validation" hides each fold's test subjects: it splits the training subjects once more and
            gives a part of them as `test`, so that choices are made without the test subjects.
        by_subject: False ignores subjects, which leaks them into the test folds (shown once, to teach).

    Raises:
        HarlibError: fewer subjects, or fewer samples in a class, than folds.
    """
    subjects = len(np.unique(data.group))
    if by_subject and count > subjects:
        raise HarlibError(f"folds: {count} is above the number of subjects ({subjects}): each fold needs a subject")
    smallest = int(np.bincount(data.y, minlength=len(data.classes)).min())
    if count > smallest:
        raise HarlibError(f"folds: {count} is above the number of samples in the smallest class ({smallest})")
    whole = np.arange(len(data))
    split = _split(data, whole, count, seed, by_subject)
    if evaluate_on == "test":
        return split
    inner = [min(count, len(np.unique(data.group[fold.train]))) for fold in split]
    return [_split(data, fold.train, n, seed, by_subject)[0] for fold, n in zip(split, inner, strict=True)]


def _split(data: Dataset, among: Indices, count: int, seed: int, by_subject: bool) -> list[Fold]:
    if count < 2:
        raise HarlibError("evaluate_on: validation needs at least two training subjects a fold")
    # Imported here: it takes a second, and only the process that splits needs it.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    state = seed % 2**32
    if by_subject:
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=state)
        parts = splitter.split(among, data.y[among], data.group[among])
    else:
        parts = StratifiedKFold(count, shuffle=True, random_state=state).split(among, data.y[among])
    return [Fold(among[train], among[test]) for train, test in parts]
