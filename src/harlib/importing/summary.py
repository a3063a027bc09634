"""What is in an import and what is odd about it, as lines to print."""

import hashlib
from collections import defaultdict

import numpy as np

from harlib.data import Dataset
from harlib.importing.recordings import LEAKY, Recordings, scale_of

_SHOWN = 5


def lines(found: Recordings, data: Dataset, folds: int) -> list[str]:
    """The summary that `harlib import` prints: counts, ranges, and a line that begins with a mark for each doubt.

    Args:
        found: what was read.
        data: the data set made of it.
        folds: of the study; too few groups or samples for them are named.
    """
    scale = scale_of(found)
    people = len(np.unique(data.group))
    text = [f"{len(data):,} spectrograms of {len(set(found.files)):,} recordings, {people:,} groups"]
    for label, name in enumerate(data.classes):
        mine = data.y == label
        text.append(f"  {name}: {int(mine.sum()):,} spectrograms, {len(np.unique(data.group[mine])):,} groups")
    quantiles = np.quantile(found.x, (0, 0.01, 0.5, 0.99, 1))
    text.append("  values: least, 1 %, median, 99 %, largest: " + ", ".join(f"{value:.5g}" for value in quantiles))
    text.append(f"  codes of 16 bits: value = {scale.low!r} + {scale.step!r} * code ({data.unit})")
    if (scale.low, scale.step) != (0.0, 1.0):
        text.append(f"  for new recordings: harlib predict --scale={scale.low!r},{scale.step!r} ...")
    return text + [f"! {doubt}" for doubt in doubts(found, data, folds)]


def doubts(found: Recordings, data: Dataset, folds: int) -> list[str]:
    """What may make results wrong or impossible, a line each."""
    text = [f"not read: {_some(found.passed)}"] if found.passed else []
    flat = [at for at, picture in enumerate(found.x) if picture.min() == picture.max()]
    if flat:
        text.append(f"{len(flat)} constant spectrograms: {_some([found.files[at] for at in flat])}")
    for kind, twins in _duplicates(found, data).items():
        text.append(f"{len(twins)} spectrograms occur again {kind}: {_some(twins)}")
    if found.leaky:
        text.append(LEAKY)
    for label, name in enumerate(data.classes):
        mine = data.y == label
        if len(np.unique(data.group[mine])) < 2:
            text.append(f"class {name} has one group: no fold can train and test it")
        if mine.sum() < folds:
            text.append(
                f"class {name} has {int(mine.sum())} spectrograms, fewer than {folds} folds: add some or set folds"
            )
    people = len(np.unique(data.group))
    if people < folds:
        text.append(f"{people} groups are fewer than {folds} folds: set folds to {max(people, 2)} or less")
    return text


def _duplicates(found: Recordings, data: Dataset) -> dict[str, list[str]]:
    same = defaultdict(list)
    for at, picture in enumerate(data.x):
        same[hashlib.sha256(picture.tobytes()).digest()].append(at)
    kinds: dict[str, list[str]] = defaultdict(list)
    for first, *others in same.values():
        for at in others:
            if data.y[at] != data.y[first]:
                kind = "in another class"
            else:
                kind = "in the same group" if data.group[at] == data.group[first] else "in another group"
            kinds[kind].append(f"{found.files[at]} = {found.files[first]}")
    return dict(kinds)


def _some(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - _SHOWN
    return "; ".join(names[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
