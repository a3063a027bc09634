"""The study as a graph of notebooks: what each needs and makes, and the inputs that decide whether it runs again.

workflow/Snakefile turns this into rules. A notebook runs again when its code, the harlib modules it imports, its slice
of the parameters, the lock or an upstream file changes; not when it is saved with outputs.
"""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml

from harlib import files, fingerprint, stages
from harlib.errors import HarlibError
from harlib.parameters import Parameters
from harlib.runs import LOCAL, Run
from harlib.study import whole

_DATA = ("data.npz", "fresh.npz")


@dataclass(frozen=True)
class Notebook:
    """A notebook of the study: its name without .ipynb and, relative to the run, what it needs and makes."""

    name: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]


def _marker(*names: str) -> tuple[str, ...]:
    return tuple(f"stages/{stage}.json" for stage in names)


NOTEBOOKS = (
    Notebook("01-radar-spectrograms", (), (*_DATA, "figures/spectrograms.svg")),
    Notebook("02-fp32-baseline", _DATA, _marker("fp32")),
    Notebook("03-ternarization-analysis", (*_DATA, *_marker("fp32")), _marker("ternary-ptq", "ternary-ptq-bn")),
    Notebook(
        "04-quantization-aware-training",
        (*_DATA, *_marker("fp32", "ternary-ptq", "ternary-ptq-bn")),
        _marker("qat"),
    ),
    Notebook("05-pruning", (*_DATA, *_marker("qat")), _marker("pruned")),
    Notebook("06-batch-norm-folding", (*_DATA, *_marker("pruned")), _marker("folded")),
    Notebook("07-integer-inference", (*_DATA, *_marker("pruned", "folded")), _marker("integer")),
    Notebook(
        "08-results",
        (*_DATA, *_marker(*stages.ORDER)),
        ("metrics.csv", "predictions.csv", "fresh_predictions.csv", "manifest.json", "figures/accuracy-by-stage.svg"),
    ),
)


def stripped(notebook: Path) -> str:
    """A notebook's text without outputs, execution counts and per-save metadata.

    Raises:
        HarlibError: the file is missing or no notebook.
    """
    try:
        content: Any = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise HarlibError(f"{notebook} is no notebook ({error})") from None
    for cell in content.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k not in ("execution", "papermill")}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    content.metadata = {k: v for k, v in content.metadata.items() if k in ("kernelspec",)}
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def code(notebook: Path) -> str:
    """The Python source of a notebook's code cells, magics left out."""
    cells = nbformat.read(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
    lines = "\n".join(cell.source for cell in cells if cell.cell_type == "code").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def declared(notebook: Path) -> dict[str, Any]:
    """Names and default values of the cell tagged `parameters`.

    Raises:
        HarlibError: there is no such cell.
    """
    cells = nbformat.read(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
    for cell in cells:
        if "parameters" in cell.metadata.get("tags", []):
            pairs = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Assign)]
            return {ast.unparse(node.targets[0]): ast.literal_eval(node.value) for node in pairs}
    raise HarlibError(f"{notebook} has no cell tagged `parameters`")


def prepare(root: Path, run: Run, parameters: Parameters) -> None:
    """Write what the rules take as inputs into the run: params.yml, stripped notebooks, parameter slices.

    A stage whose checkpoints are missing or damaged loses its marker, so that its notebook runs again.
    """
    run.save_parameters(parameters)
    values = parameters.model_dump(mode="json", exclude=LOCAL)
    for notebook in NOTEBOOKS:
        path = root / "notebooks" / f"{notebook.name}.ipynb"
        inputs = run.path / "inputs" / notebook.name
        files.write_if_changed(inputs.with_suffix(".ipynb"), stripped(path))
        used = {name: values[name] for name in declared(path) if name in values}
        files.write_if_changed(inputs.with_suffix(".yml"), yaml.safe_dump(used))
    for stage in stages.ORDER:
        results = [run.result(stage, fold) for fold in range(parameters.folds)]
        if not all(result and whole(run, result) for result in results):
            (run.path / "stages" / f"{stage}.json").unlink(missing_ok=True)


def modules(root: Path, notebook: Notebook) -> list[Path]:
    """The harlib source files that a notebook depends on."""
    return fingerprint.closure(fingerprint.imported_modules(code(root / "notebooks" / f"{notebook.name}.ipynb")))
