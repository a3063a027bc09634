"""Sphinx extension: the preview of a shared link (Open Graph), and a page for lost readers.

`html_baseurl` is the address at which the book stands; addresses in a preview must be whole, so without it a preview
has neither a picture nor its page's address.
"""

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx

PICTURE = "_static/preview.png"
LENGTH = 300
LOST = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>No such page: {title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; margin: 15vh auto 0; max-width: 34rem; padding: 0 1rem; }}
</style>
</head>
<body>
<main>
<h1>No such page</h1>
<p>This address is not a page of <em>{title}</em>. It may have been one of another version.</p>
<ul>
<li><a href="{base}index.html">The first page</a></li>
<li><a href="{base}search.html">Search the book</a></li>
</ul>
</main>
</body>
</html>
"""


def description(doctree: nodes.document | None) -> str:
    """The first paragraph of a page's text, shortened at a word."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        if isinstance(paragraph.parent, nodes.section):
            text = re.sub(r"\s+", " ", paragraph.astext()).strip()
            return text if len(text) <= LENGTH else text[:LENGTH].rsplit(" ", 1)[0] + " …"
    return ""


def preview(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Add a page's Open Graph tags."""
    tags = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": re.sub(r"<[^>]+>", "", context.get("title", "")),
        "og:description": description(doctree),
    }
    if base := _base(app):
        tags |= {"og:url": f"{base}{pagename}.html", "og:image": base + PICTURE}
    lines = [f'<meta property="{name}" content="{escape(text)}" />' for name, text in tags.items() if text]
    if tags["og:description"]:
        lines.append(f'<meta name="description" content="{escape(tags["og:description"])}" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def _base(app: Sphinx) -> str:
    address: str = app.config.html_baseurl or ""
    return f"{address.rstrip('/')}/" if address else ""


def draw(path: Path, title: str) -> None:
    """Draw the preview's picture, 1200 by 630 pixels: a float weight, a staircase, three levels."""
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="#0b2f4a")
    axes = figure.add_axes((0.06, 0.12, 0.88, 0.5))
    axes.set(xlim=(-3, 3), ylim=(-1.4, 1.4))
    axes.set_axis_off()
    axes.plot([-3, 3], [-1.3, 1.3], color="#56b4e9", linewidth=3, linestyle="--")
    axes.step([-3, -1, 1, 3], [-1, -1, 0, 1], where="pre", color="#e69f00", linewidth=9)
    figure.text(0.06, 0.82, title, color="white", fontsize=44, weight="bold")
    figure.text(0.06, 0.72, "A radar network without multiplications, step by step", color="white", fontsize=26)
    figure.savefig(path)


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Write the preview's picture, and 404.html, which a server shows at any depth: it needs no other file."""
    if exception is None and app.builder.format == "html":
        page = LOST.format(language=app.config.language, title=escape(app.config.html_title), base=_base(app) or "/")
        (Path(app.outdir) / "404.html").write_text(page, encoding="utf-8")
        draw(Path(app.outdir) / PICTURE, app.config.html_title)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", preview)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
