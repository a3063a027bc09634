"""Sphinx extension: what a page must say to those who hear it.

The cells that head a column or a row of a table have a scope, and wide tables scroll by themselves. The list of works
loses roles that docutils gives it and that contradict each other.
"""

import re
from typing import Any

from sphinx.application import Sphinx

TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
HEAD = re.compile(r"<thead\b.*?</thead>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
EMPTY = re.compile(r"<th\b(?P<rest>[^>]*)>(?:\s|&nbsp;|\u00a0|<p>\s*</p>)*</th>")
HEADING = re.compile(r"<th\b(?![^>]*\bscope=)(?P<rest>[^>]*)>")
FIRST = re.compile(r"(?P<before><tr\b[^>]*>\s*)<td\b(?P<rest>[^>]*)>(?P<content>.*?)</td>", re.DOTALL)
ROLE = re.compile(r"""(?<=<div) role="list"(?= class="citation-list")|(?<=") role="doc-biblioentry"(?=>)""")
WORD = re.compile(r"[^\W\d_]{2}")


def scoped(table: str) -> str:
    """A table whose headings have a scope; a first column of words becomes one of row headings.

    >>> print(scoped("<table><thead><tr><th>layer</th></tr></thead><tbody><tr><td>pool</td></tr></tbody></table>"))
    <table><thead><tr><th scope="col">layer</th></tr></thead><tbody><tr><th scope="row">pool</th></tr></tbody></table>
    """
    head = HEAD.search(table)
    start = head.end() if head else 0
    top, rows = table[:start], table[start:]
    top = EMPTY.sub(r"<td\g<rest>></td>", top)
    top = HEADING.sub(_heading("col"), top)
    first = [FIRST.match(row) for row in ROW.findall(rows)]
    if head and first and all(cell and WORD.search(re.sub(r"<[^>]+>", "", cell["content"])) for cell in first):
        rows = FIRST.sub(r'\g<before><th scope="row"\g<rest>>\g<content></th>', rows)
    return top + HEADING.sub(_heading("row"), rows)


def _heading(scope: str) -> str:
    return rf'<th scope="{scope}"\g<rest>>'


def mark(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Mend a page's tables and list of works."""
    if "body" in context:
        context["body"] = ROLE.sub("", context["body"])
        context["body"] = TABLE.sub(
            lambda found: f'<div class="harlib-scroll">{scoped(found.group())}</div>', context["body"]
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
