"""Sphinx extension: above every page of text, the claims of the book that do not hold for the run it shows."""

import json
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PLAIN = ("genindex", "search")


def failed(source: Path) -> list[str]:
    """The sentences of book/run/claims.json that do not hold; none where the run checked none."""
    file = source / "book" / "run" / "claims.json"
    if not file.is_file():
        return []
    return [claim["sentence"] for claim in json.loads(file.read_text(encoding="utf-8")) if not claim["holds"]]


def warn(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the banner above the text of a page."""
    sentences = failed(Path(app.srcdir))
    if sentences and "body" in context and pagename not in PLAIN:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        context["body"] = (
            '<aside class="admonition warning claims"><p class="admonition-title">Not so in this run</p>'
            f"<p>The text was written for the published study. For this run it is not true that:</p><ul>{items}</ul>"
            f"</aside>{context['body']}"
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", warn)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
