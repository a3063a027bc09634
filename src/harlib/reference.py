"""`harlib publish-reference`: the small files of a finished run, kept in the repository for readers without a run."""

import os
import shutil
import tempfile
from pathlib import Path

from harlib.errors import HarlibError
from harlib.study import project_root

STAGES = ("fp32", "qat", "pruned")  # whose checkpoints are kept
FILES = ("params.yml", "metrics.csv", "predictions.csv", "manifest.json")


def publish(name: str) -> None:
    """Copy runs/<name>'s small files to reference/published, whole or not at all; nobody edits them by hand.

    Raises:
        HarlibError: the run is missing or not finished.
    """
    root = project_root()
    run, target = root / "runs" / name, root / "reference" / "published"
    chosen = [run / file for file in FILES]
    for folder, pattern in (("models", "*.json"), ("vectors", "*.npz")):
        chosen += _held(run, folder, pattern)
    for stage in STAGES:
        chosen += _held(run, f"checkpoints/{stage}", "*.safetensors")
    for path in chosen:
        if not path.is_file():
            raise HarlibError(f"{path} is missing: finish the run with `harlib run config/{name}.yml` first")
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        fresh = Path(temporary) / "published"
        for path in chosen:
            copy = fresh / path.relative_to(run)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        if target.is_dir():
            os.replace(target, Path(temporary) / "old")
        os.replace(fresh, target)
    print(f"reference/published holds {len(chosen)} files of runs/{name}")


def _held(run: Path, folder: str, pattern: str) -> list[Path]:
    return sorted((run / folder).glob(pattern)) or [run / folder / pattern]
