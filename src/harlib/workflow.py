"""The study as a graph of notebooks: what each needs and makes, and the inputs that decide whether it runs again.

workflow/Snakefile turns this into rules. A notebook runs again when its code, the harlib modules it imports, its slice
of the parameters, the lock or an upstream file changes; not when it is saved with outputs.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from harlib import files, fingerprint, notebooks, stages
from harlib.errors import HarlibError
from harlib.parameters import Parameters
from harlib.runs import LOCAL, PARAMETERS, Run, parameters_text

_DATA = ("data.npz", "fresh.npz")
_OWN = "inputs/data_file.txt"  # hash of the own recordings, so that others under the same name are noticed
_EXTENDED = "inputs/extended.txt"  # hashes of the extended run's committed files, which some notebooks show
_TABLES = "inputs/tables.txt"  # hashes of TABLES
TABLES = ("recipe.csv", "training-step.csv")  # of reference/, which notebook 04 shows


@dataclass(frozen=True)
class Notebook:
    """A notebook of the study: its name without .ipynb and, relative to the run, what it needs and makes."""

    name: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]


def _marker(*names: str) -> tuple[str, ...]:
    return tuple(f"stages/{stage}.json" for stage in names)


NOTEBOOKS = (
    Notebook(
        "01-radar-spectrograms",
        (_OWN,),
        (*_DATA, "figures/spectrograms.svg", "figures/class-means.svg", "figures/envelopes.svg"),
    ),
    Notebook("02-fp32-baseline", _DATA, _marker("fp32")),
    Notebook("03-ternarization-analysis", (*_DATA, *_marker("fp32")), _marker("ternary-ptq", "ternary-ptq-bn")),
    Notebook("04-quantization-aware-training", (_TABLES, *_DATA, *_marker("fp32")), _marker("qat")),
    Notebook("05-pruning", (_EXTENDED, *_DATA, *_marker("qat")), _marker("pruned")),
    Notebook("06-batch-norm-folding", (*_DATA, *_marker("pruned")), _marker("folded")),
    Notebook("07-integer-inference", (*_DATA, *_marker("pruned")), _marker("integer")),
    Notebook(
        "08-results",
        ("params.yml", _EXTENDED, *_DATA, *_marker(*stages.ORDER)),  # its manifest names every parameter
        (
            "metrics.csv",
            "predictions.csv",
            "fresh_predictions.csv",
            "manifest.json",
            "claims.json",
            "figures/accuracy-by-stage.svg",
        ),
    ),
)


def inputs(root: Path, run: Run, parameters: Parameters) -> dict[str, str]:
    """Text of each file that the rules take as an input beside upstream files, by its name in the run.

    Raises:
        HarlibError: the own recordings that parameter `data_file` names are missing.
    """
    own = root / parameters.data_file if parameters.data_file else None
    if own and not own.is_file():
        raise HarlibError(f"data_file: {own} is missing: make it with `harlib import RECORDINGS --out {own}`")
    extended = sorted((root / "reference" / "extended").glob("*.*"))
    tables = [path for name in TABLES if (path := root / "reference" / name).is_file()]
    found = {
        PARAMETERS: parameters_text(parameters),
        _OWN: files.sha256(own) if own else "",
        _EXTENDED: "".join(f"{path.name} {files.sha256(path)}\n" for path in extended),
        _TABLES: "".join(f"{path.name} {files.sha256(path)}\n" for path in tables),
    }
    values = parameters.model_dump(mode="json", exclude=LOCAL)
    for notebook in NOTEBOOKS:
        path = root / "notebooks" / f"{notebook.name}.ipynb"
        used = {name: values[name] for name in notebooks.declared(path) if name in values}
        found[f"inputs/{notebook.name}.ipynb"] = notebooks.stripped(path)
        found[f"inputs/{notebook.name}.yml"] = yaml.safe_dump(used)
    return found


def prepare(root: Path, run: Run, parameters: Parameters) -> None:
    """Write what the rules take as inputs into the run: params.yml, stripped notebooks, parameter slices.

    A stage whose checkpoints are missing or damaged loses its marker, so that its notebook runs again.
    """
    for name, text in inputs(root, run, parameters).items():
        files.write_if_changed(run.path / name, text)
    for name in damaged(run, parameters):
        (run.path / name).unlink(missing_ok=True)


def damaged(run: Run, parameters: Parameters) -> list[str]:
    """Markers of the stages of which a fold's files are missing or have other content than they were left with."""
    folds = range(parameters.folds)
    return [
        name for stage in stages.ORDER if not all(run.whole(stage, fold) for fold in folds) for name in _marker(stage)
    ]


def modules(root: Path, notebook: Notebook) -> list[Path]:
    """The harlib source files that a notebook depends on."""
    return fingerprint.closure(
        fingerprint.imported_modules(notebooks.code(root / "notebooks" / f"{notebook.name}.ipynb"))
    )
