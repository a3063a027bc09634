"""`harlib publish-reference`: the small files of a finished run, kept in the repository for readers without a run."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from harlib import evaluate, files, manifest, parameters
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import ORDER

CHECKPOINTS = ("fp32", "qat", "pruned")
FILES = (
    "params.yml",
    "metrics.csv",
    "predictions.csv",
    "fresh_predictions.csv",
    "manifest.json",
    "claims.json",
    "figures/accuracy-by-stage.svg",
)
TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)


def publish(name: str) -> None:
    """Copy runs/<name>'s small files to reference/published and its table into the README; nobody edits them by hand.

    Raises:
        HarlibError: the run is missing or not finished.
    """
    root = project_root()
    run, target = root / "runs" / name, root / "reference" / "published"
    chosen = [run / file for file in FILES]
    p = parameters.check(Run(run).parameters())
    for fold in range(p.folds):
        chosen.append(run / f"models/fold{fold}.json")
        if not p.data_file or p.publish_samples:  # test vectors hold samples
            chosen.append(run / f"vectors/fold{fold}.npz")
        chosen += [Run(run).checkpoint(stage, fold) for stage in CHECKPOINTS]
    for path in chosen:
        if not path.is_file():
            raise HarlibError(f"{path} is missing: finish the run with `harlib run config/{name}.yml` first")
    made = manifest.load(run)
    if (device := made.parameters.get("device")) != "cpu":
        raise HarlibError(f"{run} was computed on device {device!r}: published runs are computed on the cpu")
    if made.parameters.get("compiled"):
        raise HarlibError(f"{run} was trained through torch.compile: published runs do without")
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        fresh = Path(temporary) / "published"
        for path in chosen:
            copy = fresh / path.relative_to(run)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        kept = {name: mark for name, mark in made.files.items() if (fresh / name).is_file()}
        manifest.save(fresh, made.model_copy(update={"files": kept}))
        if target.is_dir():
            os.replace(target, Path(temporary) / "old")
        os.replace(fresh, target)
    readme = root / "README.md"
    files.write(readme, TABLE.sub(lambda _: accuracy_table(Run(target)), readme.read_text()))
    print(f"reference/published holds {len(chosen)} files of runs/{name}")


def accuracy_table(run: Run) -> str:
    """The README's table: accuracy in percent by stage and fold, with the mean over folds."""
    percent = {stage: [100 * value for value in run.accuracies(stage)] for stage in ORDER}
    names = [f"fold {fold + 1}" for fold in range(len(percent[ORDER[0]]))]
    lines = ["| stage | " + " | ".join([*names, "mean"]) + " |", "|---|" + "--:|" * (len(names) + 1)]
    for stage, values in percent.items():
        cells = [*values, evaluate.over_folds(values).estimate]
        lines.append(f"| {stage} | " + " | ".join(f"{value:.2f}" for value in cells) + " |")
    return "\n".join(lines) + "\n"
