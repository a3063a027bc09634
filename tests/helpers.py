"""Small data for tests: the number of bright rows tells the class, so the pooled network learns it in a few steps."""

import shutil
from pathlib import Path

import numpy as np

from harlib import data, parameters
from harlib.data import Dataset
from harlib.runs import Run

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


def book_files(run: Path, **changes: object) -> Path:
    """What the book takes from a run besides its notebooks: the published model and checkpoints beside toy data."""
    Run(run).save_parameters(parameters.check({"subjects": 6, "folds": 2} | changes))
    published = Path(__file__).resolve().parents[1] / "reference" / "published"
    for name in (
        "models/fold0.json",
        *(f"checkpoints/{stage}/fold0.safetensors" for stage in ("fp32", "qat", "pruned")),
    ):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(published / name, run / name)
    data.save(run / "data.npz", toy_dataset(subjects=6, trials=10))
    return run
