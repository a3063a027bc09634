"""What a notebook's source says: its code, its parameters, its text without outputs.

Notebooks are read as JSON: importing nbformat takes seconds, and each notebook of the study would pay them.
"""

import ast
import json
from pathlib import Path
from typing import Any

from harlib.errors import HarlibError


def _read(notebook: Path) -> dict[str, Any]:
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        for cell in content["cells"]:
            cell["source"] = "".join(cell["source"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise HarlibError(f"{notebook} is no notebook ({type(error).__name__}: {error})") from None
    result: dict[str, Any] = content
    return result


def stripped(notebook: Path) -> str:
    """A notebook's text without outputs, execution counts and per-save metadata.

    Raises:
        HarlibError: the file is missing or no notebook.
    """
    content = _read(notebook)
    for cell in content["cells"]:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k not in ("execution", "papermill")}
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    content["metadata"] = {k: v for k, v in content["metadata"].items() if k == "kernelspec"}
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def code(notebook: Path) -> str:
    """The Python source of a notebook's code cells, magics left out."""
    cells = _read(notebook)["cells"]
    lines = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def declared(notebook: Path) -> dict[str, Any]:
    """Names and default values of the cell tagged `parameters`.

    Raises:
        HarlibError: there is no such cell.
    """
    for cell in _read(notebook)["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            pairs = [node for node in ast.parse(cell["source"]).body if isinstance(node, ast.Assign)]
            return {ast.unparse(node.targets[0]): ast.literal_eval(node.value) for node in pairs}
    raise HarlibError(f"{notebook} has no cell tagged `parameters`")


def assigned(cells: list[str]) -> list[list[str]]:
    """Names that cells assign constants to, a list a cell: those before begin's first call and right before its last.

    The first is the notebook's own cell of parameters; a second holds what papermill injects.
    """
    calls = [i for i, cell in enumerate(cells) if "study.begin(" in cell]
    if not calls:
        return []
    constant = [_constants(cell) for cell in cells]
    found = [names for names in constant[: calls[0]] if names]
    for names in reversed(constant[calls[0] : calls[-1]]):
        if not names:
            break
        found.append(names)
    return found


def _constants(cell: str) -> list[str]:
    """The names a cell assigns if it does nothing but assign literals, else none."""
    try:
        body = ast.parse(cell).body
        names = []
        for statement in body:
            if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
                return []
            ast.literal_eval(statement.value)
            names.append(statement.targets[0].id)
    except (SyntaxError, ValueError):
        return []
    return names
