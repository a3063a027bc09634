"""Columns of numbers in the pages' tables: which they are, where they stand, how they read."""

from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from helpers import load_script

tables = load_script(Path(__file__).resolve().parents[2] / "book" / "_ext" / "tables.py")

PAGE = """
.. csv-table:: Engines
   :header-rows: 1

   engine,bytes,"lost, points",version,share
   fp32,11072,0.18 (-0.06 to 1000),12.2.1,0.0e+00
   ternary,692,none,2,2.3e-02

+------+------+
| both        |
+======+======+
| 1000 | 2000 |
+------+------+
"""


@pytest.fixture(scope="module")
def cells() -> dict[str, list[nodes.entry]]:
    doctree = publish_doctree(PAGE)
    tables.align(None, doctree)
    rows = [list(row.findall(nodes.entry)) for row in doctree.findall(nodes.row)]
    columns = list(zip(*rows[:3], strict=True))
    return {column[0].astext(): list(column) for column in columns} | {"both": [*rows[3], *rows[4]]}


@pytest.mark.parametrize(
    ("column", "texts"),
    [("bytes", ["11,072", "692"]), ("lost, points", ["0.18 (-0.06 to 1,000)", "none"]), ("share", ["0", "2.3e-02"])],
)
def test_numbers_and_their_heading_stand_to_the_right(
    cells: dict[str, list[nodes.entry]], column: str, texts: list[str]
) -> None:
    assert [cell.astext() for cell in cells[column]] == [column, *texts]
    assert all(tables.CLASS in cell["classes"] for cell in cells[column])


@pytest.mark.parametrize(
    ("column", "texts"),
    [("engine", ["fp32", "ternary"]), ("version", ["12.2.1", "2"]), ("both", ["1000", "2000"])],
)
def test_other_columns_are_left_alone(cells: dict[str, list[nodes.entry]], column: str, texts: list[str]) -> None:
    assert [cell.astext() for cell in cells[column]] == [column, *texts]
    assert not any(tables.CLASS in cell["classes"] for cell in cells[column])
