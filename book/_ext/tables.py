"""Sphinx extension: numbers in tables stand under each other, with commas at the thousands.

A column whose cells are all numbers, or numbers with an interval or a range, is set to the right with its heading.
Tables of the pages and of CSV files are treated alike; those of notebooks are HTML, and pandas has set them.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

NUMBER = r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
NUMBERS = re.compile(rf"{NUMBER}(?:\s*to\s*{NUMBER})?(?:\s*\({NUMBER} to {NUMBER}\))?")
NOTHING = ("", "none")
CLASS = "harlib-number"


def grouped(text: str) -> str:
    """A text of numbers with commas at the thousands; a zero in scientific notation is 0.

    >>> grouped("1380"), grouped("12297926.5 (-0.5 to +1000)"), grouped("2.3e-02"), grouped("0.0e+00")
    ('1,380', '12,297,926.5 (-0.5 to +1,000)', '2.3e-02', '0')
    """
    return re.sub(NUMBER, _grouped, text)


def _grouped(found: re.Match[str]) -> str:
    number = found[0].replace(",", "")
    if "e" in number:
        return number if float(number) else "0"
    return re.sub(r"^([+-]?)(\d+)", lambda part: f"{part[1]}{int(part[2]):,}", number)


def is_numeric(cells: list[str]) -> bool:
    """Whether a column holds numbers and nothing else.

    >>> is_numeric(["0.18 (-0.06 to 0.44)", ""]), is_numeric(["4", "gcc 12"]), is_numeric(["", ""])
    (True, False, False)
    """
    held = [cell for cell in cells if cell not in NOTHING]
    return bool(held) and all(NUMBERS.fullmatch(cell) for cell in held)


def align(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the columns of numbers of every table."""
    for group in doctree.findall(nodes.tgroup):
        rows = [list(row.findall(nodes.entry)) for row in group.findall(nodes.row)]
        head = [list(row.findall(nodes.entry)) for top in group.findall(nodes.thead) for row in top.findall(nodes.row)]
        body = rows[len(head) :]
        if len({len(row) for row in rows}) != 1 or any("morecols" in cell for row in rows for cell in row):
            continue  # cells that span columns: the table has no plain columns
        for column in range(len(rows[0])):
            if is_numeric([row[column].astext().strip() for row in body]):
                for row in rows:
                    row[column]["classes"].append(CLASS)
                for text in [text for row in body for text in row[column].findall(nodes.Text)]:
                    text.parent.replace(text, nodes.Text(grouped(text.astext())))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", align)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
