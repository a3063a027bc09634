"""Make the notebooks of a course: python tools/course.py [FOLDER]

FOLDER/student holds the notebooks without solutions, with a cell to answer in after each exercise. FOLDER/lecturer
holds them with the solutions, filled into the cells that check an answer. Both have no outputs.
"""

import ast
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "course"
SOLUTION = re.compile(r"^````\{admonition\} Solution\n.*?^````$\n*", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ITEM = re.compile(r"^(?=\*\*\d+\*\* \()", re.MULTILINE)
Cell = dict[str, Any]


def _cell(kind: str, name: str, source: str, tags: tuple[str, ...] = ()) -> Cell:
    made = {"cell_type": kind, "id": name, "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def read(notebook: Path) -> tuple[dict[str, Any], int]:
    """A notebook, each cell's source one text, and the place of the first cell of its exercises."""
    content: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return content, next(i for i, cell in enumerate(content["cells"]) if cell["source"].startswith("## Exercises"))


def is_check(cell: Cell) -> bool:
    """Whether a cell hands an answer to `harlib.check`."""
    return "exercise" in cell["metadata"].get("tags", [])


def blank(source: str) -> tuple[str, int, int]:
    """The name that a checking cell leaves open, and the first and last line of its statement, from 1."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.FunctionDef) and any(
            isinstance(part, ast.Constant) and part.value is ... for part in ast.walk(node)
        ):
            return _name(node), node.lineno, node.end_lineno or node.lineno
    raise ValueError(f"no statement with `...` in:\n{source}")


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef):
        return node.name
    return node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else ""


def filled(source: str, solution: str) -> str:
    """A checking cell with the solution's own statement in place of the open one."""
    name, first, last = blank(source)
    for block in BLOCK.findall(solution):
        if name in {_name(node) for node in ast.parse(block).body}:
            lines = source.split("\n")
            return "\n".join([*lines[: first - 1], block.rstrip("\n"), *lines[last:]])
    raise ValueError(f"no code of the solution says what {name} is")


def lecturer(notebook: Path) -> dict[str, Any]:
    """The notebook with each checking cell filled by the solution that follows it."""
    content, _ = read(notebook)
    for cell, after in zip(content["cells"], content["cells"][1:], strict=False):
        if is_check(cell):
            cell["source"] = filled(cell["source"], SOLUTION.findall(after["source"])[0])
    return content


def student(notebook: Path) -> dict[str, Any]:
    """The notebook without solutions, with a cell to answer in after each exercise that has none yet."""
    content, start = read(notebook)
    kept: list[Cell] = content["cells"][:start]
    exercises = content["cells"][start:]
    for place, cell in enumerate(exercises):
        if cell["cell_type"] != "markdown":
            kept.append(cell)
            continue
        body, heading, after = SOLUTION.sub("", cell["source"]).partition("## Where to go next")
        checked = place + 1 < len(exercises) and is_check(exercises[place + 1])
        parts = [part.strip() for part in ITEM.split(body) if part.strip()]
        for number, part in enumerate(parts, 1):
            kept.append(_cell("markdown", f"{cell['id']}-{number}", part))
            if part.startswith("**") and not (checked and number == len(parts)):
                which = part.split("**")[1]
                kept.append(_cell("code", f"answer-{which}", f"# Your answer to exercise {which}", ("answer",)))
        if heading:
            kept.append(_cell("markdown", f"{cell['id']}-next", heading + after))
    return content | {"cells": kept}


def make(folder: Path) -> list[Path]:
    """Write both versions of all notebooks anew, and give their paths."""
    made = []
    for name, version in (("student", student), ("lecturer", lecturer)):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
        for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
            made.append(folder / name / notebook.name)
            made[-1].write_text(json.dumps(version(notebook), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return made


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    make(folder)
    print(f"Notebooks without solutions: {folder / 'student'}; with them: {folder / 'lecturer'}")
