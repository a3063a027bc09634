"""A run in miniature: executed notebooks and figures with every name that the book's pages use, made without a study.

python tests/book/toy_run.py runs/toy
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from harlib import files, freshness, workflow
from harlib.parameters import Parameters
from harlib.runs import Run

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests"))

from helpers import book_files  # noqa: E402

ASKED = re.compile(r"\{glue:text\}`run/([\w-]+)\.ipynb::(\w+)(:[^`]*)?`")
ASKED_WHOLE = re.compile(r"\{glue\} (\w+)\n:doc: run/([\w-]+)\.ipynb")
LABEL = re.compile(r"^\((\S+)\)=$", re.MULTILINE)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 120"><rect width="300" height="100"/></svg>'
TABLE = """
import pandas as pd
pd.DataFrame({"stage": ["fp32", "integer"], "accuracy": [98.5, 98.0]})
"""


def asked(chapter: str) -> dict[str, float | str]:
    """Give a value to every name that the book's pages take from a chapter: a word where they print text."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted((PROJECT / "book").glob("*.md")))
    found = [match for match in ASKED.findall(pages) if match[0] == chapter]
    whole = {name: "word" for name, place in ASKED_WHOLE.findall(pages) if place == chapter}
    return {name: "word" if form == ":s" else 98.5 for _, name, form in found} | whole


def labels(chapter: str) -> list[str]:
    """Name the places in a chapter that pages can lead to."""
    cells = nbformat.read(PROJECT / "notebooks" / f"{chapter}.ipynb", nbformat.NO_CONVERT).cells
    return [label for cell in cells for label in LABEL.findall(cell.source)]


def notebook(chapter: str) -> nbformat.NotebookNode:
    """Give a chapter, not yet executed."""
    cells = [
        new_markdown_cell(f"# {chapter[3:].replace('-', ' ').capitalize()}\n\nA formula: $a / 2^b$."),
        new_code_cell("folds = 5  # 2 to 50", metadata={"tags": ["parameters"]}),
        new_code_cell("folds = 2", metadata={"tags": ["injected-parameters"]}),
        new_code_cell("print(folds)"),
    ]
    cells += [new_markdown_cell(f"({label})=\n## {label}") for label in labels(chapter)]
    if chapter == "08-results":
        cells.append(new_code_cell(TABLE))
    lines = [f"glue({name!r}, {value!r}, display=False)" for name, value in asked(chapter).items()]
    if lines:
        cells.append(new_code_cell("\n".join(["from myst_nb import glue", *lines])))
    book = new_notebook(cells=cells)
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return book


def make(run: Path) -> Path:
    """Write the run and give its folder; its notebooks say that they were executed on today's project."""
    (run / "notebooks").mkdir(parents=True, exist_ok=True)
    (run / "figures").mkdir(exist_ok=True)
    held, parameters = Run(run), Parameters()
    workflow.prepare(PROJECT, held, parameters)
    book_files(run, subjects=parameters.subjects, folds=parameters.folds)
    for name in {name for notebook in workflow.NOTEBOOKS for name in notebook.needs}:
        if not (run / name).is_file():
            files.write(run / name, "")
    inputs = freshness.Inputs(PROJECT, held, parameters)
    for entry in workflow.NOTEBOOKS:
        chapter = entry.name
        executed = NotebookClient(notebook(chapter), timeout=120, kernel_name="python3").execute()
        executed.metadata.harlib = {"inputs": inputs.of(entry)}
        nbformat.write(executed, run / "notebooks" / f"{chapter}.ipynb")
    for figure in ("accuracy-by-stage", "spectrograms", "class-means", "envelopes"):
        (run / "figures" / f"{figure}.svg").write_text(SVG, encoding="utf-8")
    return run


if __name__ == "__main__":
    make(Path(sys.argv[1]))
