"""Small data for tests: the number of bright rows tells the class, so the pooled network learns it in a few steps."""

import numpy as np

from harlib.data import Dataset

CLASSES = ("jogging", "jumping", "situp", "waving", "other")


def toy_dataset(subjects=4, trials=10, first=0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(subjects * trials) % len(CLASSES)
    x = rng.normal(2500, 25, (len(y), 64, 64))
    for sample, label in zip(x, y, strict=True):
        first_row, rows = rng.integers(0, 8), 2 + 12 * label
        sample[first_row : first_row + rows] += rng.uniform(250, 300)
    group = np.repeat(np.arange(first, first + subjects), trials)
    return Dataset(x.round().astype(np.uint16), y, group, CLASSES, "log magnitude", "toy")
