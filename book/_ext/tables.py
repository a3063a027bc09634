"""Sphinx extension: numbers in tables stand under each other, with commas at the thousands.

A column of numbers (harlib.words) is set to the right with its heading. Tables of the pages and of CSV files are
treated alike; those of notebooks are HTML, and pandas has set them.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from harlib import words

CLASS = "harlib-number"


def align(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the columns of numbers of every table."""
    for group in doctree.findall(nodes.tgroup):
        rows = [list(row.findall(nodes.entry)) for row in group.findall(nodes.row)]
        head = [row for top in group.findall(nodes.thead) for row in top.findall(nodes.row)]
        body = rows[len(head) :]
        if len({len(row) for row in rows}) != 1 or any("morecols" in cell for row in rows for cell in row):
            continue  # cells that span columns: the table has no plain columns
        for column in range(len(rows[0])):
            if words.is_numeric([row[column].astext().strip() for row in body]):
                for row in rows:
                    row[column]["classes"].append(CLASS)
                for text in [text for row in body for text in row[column].findall(nodes.Text)]:
                    text.parent.replace(text, nodes.Text(words.grouped(text.astext())))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", align)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
