"""What several tests need: small data, the files of a run, a script as a module."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np

from harlib import data, parameters
from harlib.data import Dataset
from harlib.runs import Run

CLASSES = ("jogging", "jumping", "situp", "waving", "other")


def toy_dataset(subjects=4, trials=10, first=0, seed=0):
    """The number of bright rows tells the class, so the pooled network learns it in a few steps."""
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


def sweep_project(folder: Path) -> Path:
    """The files of the project that a sweep needs, in a folder of its own."""
    root = Path(__file__).resolve().parents[1]
    for name in ("config", "workflow"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy2(root / name, folder / name)
    return folder


def load_script(path: Path) -> ModuleType:
    """A program or a Sphinx extension of the project, which no package holds, as a module."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
