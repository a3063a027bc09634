"""Own recordings to the data set of the study: `import_recordings`, the function behind `harlib import`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64, Shaped, UInt16

from harlib.data import Dataset
from harlib.errors import HarlibError
from harlib.importing import arrays, groups, iq, pictures, reading
from harlib.importing.limits import MOST_SPECTROGRAMS

RAW_UNIT = "raw log magnitude, 20 units a dB, receiver noise near 2500"
LEAKY = "no groups were given: every recording is its own group, so folds may share people (leak)"
Pictures = Float[np.ndarray, "n 64 64"]


@dataclass(frozen=True)
class Recordings:
    """What was read, before it becomes a data set.

    x: values as recorded, 64 x 64; y: index into classes; group: code of the person; files: where each spectrogram
    comes from, for messages only; passed: what was not read, a line each; form: of I/Q samples; leaky: no groups.
    """

    x: Pictures
    y: Int64[np.ndarray, " n"]
    group: Int64[np.ndarray, " n"]
    classes: tuple[str, ...]
    files: tuple[str, ...]
    passed: tuple[str, ...]
    form: iq.IqFormat | None
    leaky: bool


@dataclass(frozen=True)
class Scale:
    """How values became 16-bit codes: value = low + step * code."""

    low: float
    step: float

    def codes(self, values: Pictures) -> UInt16[np.ndarray, "n 64 64"]:
        """Values to the nearest codes, 0..65535; beyond them the nearest end."""
        return np.clip(np.rint((values - self.low) / self.step), 0, 65535).astype(np.uint16)


def import_recordings(
    path: Path,
    *,
    layout: groups.Layout = "class/subject",
    table: Path | None = None,
    no_groups: bool = False,
    form: iq.IqFormat | None = None,
    transpose: bool = False,
) -> Dataset:
    """Own recordings as a data set: `dataset` of what `gather` reads, whose arguments and errors these are."""
    return dataset(
        gather(path, layout=layout, table=table, no_groups=no_groups, form=form, transpose=transpose),
    )


def gather(
    path: Path,
    *,
    layout: groups.Layout = "class/subject",
    table: Path | None = None,
    no_groups: bool = False,
    form: iq.IqFormat | None = None,
    transpose: bool = False,
) -> Recordings:
    """Read a folder of recordings, or one .npz file with x [n, rows, columns], y [n] and perhaps group and classes.

    Args:
        path: the folder or the file.
        layout: order of the two folders that a file lies in; without groups, or with a table, there is only class.
        table: .csv with the columns file and group.
        no_groups: nobody knows who is seen: every file (in a single .npz: every spectrogram) is its own group.
        form: given if the files hold I/Q samples, complex or as two columns.
        transpose: spectrograms are time by Doppler.

    Raises:
        HarlibError: anything that cannot be read or placed, with the file and the mend.
    """
    if path.suffix.lower() == ".npz" and path.is_file():
        if table is not None:
            raise HarlibError(f"{path}: --groups is for folders; add an array named group to the file")
        return _one_file(path, no_groups, form, transpose)
    files, passed = reading.listing(path)
    if table is None and not no_groups:
        classes, subjects = groups.from_folders(files, path, layout)
    else:
        classes = groups.from_class_folders(files, path)
        subjects = [str(n) for n in range(len(files))] if table is None else groups.from_table(files, path, table)
    names = tuple(sorted(set(classes)))
    _check_classes(path, names)
    codes = {subject: code for code, subject in enumerate(dict.fromkeys(subjects))}
    parts: list[Pictures] = []
    for file in files:
        parts.append(pictures.load(file, form, transpose))
        if sum(map(len, parts)) > MOST_SPECTROGRAMS:
            raise HarlibError(f"{path} holds more than {MOST_SPECTROGRAMS:,} spectrograms: import a part of them")
    count = [len(part) for part in parts]
    return Recordings(
        np.concatenate(parts),
        np.repeat([names.index(name) for name in classes], count),
        np.repeat([codes[subject] for subject in subjects], count),
        names,
        tuple(file.relative_to(path).as_posix() for file, n in zip(files, count, strict=True) for _ in range(n)),
        tuple(passed),
        form,
        no_groups,
    )


def _one_file(path: Path, no_groups: bool, form: iq.IqFormat | None, transpose: bool) -> Recordings:
    held = arrays.read_npz(path)
    if missing := [name for name in ("x", "y") if name not in held]:
        raise HarlibError(f"{path}: the array {missing[0]!r} is missing; expected are x, y and perhaps group, classes")
    if "group" not in held and not no_groups:
        raise HarlibError(f"{path}: the array 'group' is missing: add who is seen, or say --no-groups")
    x, y = held["x"], held["y"]
    labels = _labels(path, "y", y, len(x))
    names = tuple(str(name) for name in held.get("classes", np.array([f"class {n}" for n in labels[0]])).ravel())
    if y.dtype.kind in "iu" and "classes" in held:
        if y.min() < 0 or y.max() >= len(names):
            raise HarlibError(f"{path}: y holds {y.min()}..{y.max()}, classes has {len(names)} names")
        codes = y.astype(np.int64)
    else:
        codes = labels[1]
        names = tuple(str(n) for n in labels[0]) if y.dtype.kind == "U" else names
    _check_classes(path, names)
    group = np.arange(len(x)) if no_groups else _labels(path, "group", held["group"], len(x))[1]
    found = pictures.convert(path, x, form, transpose)
    windows, left = divmod(len(found), len(x))
    if left or len(found) > MOST_SPECTROGRAMS:
        raise HarlibError(f"{path}: x of shape {x.shape} makes {len(found):,} spectrograms, expected one row a y")
    return Recordings(
        found,
        np.repeat(codes, windows),
        np.repeat(group, windows),
        names,
        tuple(f"{path.name}[{n}]" for n in np.repeat(np.arange(len(x)), windows)),
        (),
        form,
        no_groups,
    )


def _labels(
    path: Path, name: str, values: Shaped[np.ndarray, "..."], count: int
) -> tuple[Shaped[np.ndarray, " labels"], Int64[np.ndarray, " n"]]:
    """The different values of an array of labels, and the index of each."""
    if values.shape != (count,) or values.dtype.kind not in "iuU":
        raise HarlibError(
            f"{path}: {name} is {values.dtype} {values.shape}, expected one whole number or name a row of x"
        )
    found, index = np.unique(values, return_inverse=True)
    return found, index.astype(np.int64)


def _check_classes(path: Path, names: Sequence[str]) -> None:
    if len(names) < 2:
        raise HarlibError(f"{path}: {len(names)} class ({', '.join(names)}): two or more are needed")


def scale_of(found: Recordings) -> Scale:
    """The map to 16 bits: none for what is whole and fits (log magnitudes of I/Q are rounded), else the whole range.

    Raises:
        HarlibError: all values are equal.
    """
    least, most = float(found.x.min()), float(found.x.max())
    whole = found.form is not None or bool((found.x == np.rint(found.x)).all())
    if least == most:
        raise HarlibError(f"all values are {least:g}: these are no spectrograms")
    if whole and least >= 0 and most <= 65535:
        return Scale(0.0, 1.0)
    return Scale(least, (most - least) / 65535)


def dataset(found: Recordings) -> Dataset:
    """The data set of recordings; names of people and of files are not kept.

    The map to 16 bits is one for all recordings and affine, so the range that a network takes from its training
    samples undoes it: it carries nothing from test to training.
    """
    scale = scale_of(found)
    as_is = (scale.low, scale.step) == (0.0, 1.0)
    value = "the recorded value" if as_is else f"(value - {scale.low!r}) / {scale.step!r}, rounded"
    how = "area averaging to 64 x 64 where the size was another"
    if found.form is not None:
        form = found.form
        how = (
            f"I/Q samples of {form.carrier_ghz:g} GHz at {form.pulse_rate_hz:g} Hz, cut into windows of {form.window} "
            f"samples, {form.step_columns} columns apart, transformed as harlib.radar.spectrogram does"
        )
    return Dataset(
        x=scale.codes(found.x),
        y=found.y.astype(np.int64),
        group=found.group.astype(np.int64),
        classes=found.classes,
        unit=RAW_UNIT if found.form is not None and as_is else f"code = {value}",
        provenance="imported recordings; " + how + ("; " + LEAKY if found.leaky else ""),
        leaky=found.leaky,
    )
