"""Sphinx extension: each chapter ends by saying how to open it on the reader's own machine with a class-sized run."""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

CHAPTERS = "book/run/"


def link(text: str, page: str) -> addnodes.pending_xref:
    """A link to another page of the book."""
    return addnodes.pending_xref(
        "", nodes.inline("", text), refdomain="std", reftype="doc", reftarget=page, refexplicit=True, refwarn=True
    )


def hint(name: str) -> nodes.note:
    """What a chapter says about opening it, for the name of its notebook."""
    return nodes.note(
        "",
        nodes.paragraph(
            "",
            "",
            nodes.Text("To open this chapter yourself: "),
            nodes.literal("", "make quick"),
            nodes.Text(" makes a class-sized run, "),
            nodes.literal("", "make lab"),
            nodes.Text(" opens JupyterLab. There open "),
            nodes.literal("", f"{name}.ipynb"),
            nodes.Text(" and set "),
            nodes.literal("", 'from_run = "runs/quick"'),
            nodes.Text(". More in "),
            link("How to rerun the study", "/book/how-to-rerun"),
            nodes.Text("; without an installation there is the "),
            link("playground", "/book/playground"),
            nodes.Text("."),
        ),
        classes=["harlib-locally"],
    )


def add(app: Sphinx, doctree: nodes.document) -> None:
    """Put the hint at the end of a chapter."""
    if app.env.docname.startswith(CHAPTERS):
        sections = [node for node in doctree.children if isinstance(node, nodes.section)]
        if sections:
            sections[-1] += hint(Path(app.env.docname).name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
