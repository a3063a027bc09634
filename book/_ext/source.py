"""Sphinx extension: a chapter's buttons lead to its notebook in notebooks/, not to the executed copy in the book.

The download works everywhere. The link to the repository needs `source_address`, the address to which a file's path is
appended, such as https://github.com/OWNER/harlib/blob/main; while it is empty there is no such button.
"""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

CHAPTERS = "book/run/"
PLACE = "_downloads/notebooks"


def source_file(page: str, suffix: str) -> str:
    """Where a page is edited, relative to the project.

    >>> source_file("book/run/05-pruning", ".ipynb"), source_file("book/intro", ".md")
    ('notebooks/05-pruning.ipynb', 'book/intro.md')
    """
    place = f"notebooks/{page.removeprefix(CHAPTERS)}" if page.startswith(CHAPTERS) else page
    return place + suffix


def lead(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Mend a page's buttons."""
    suffix, buttons = context.get("page_source_suffix"), context.get("header_buttons")
    if not suffix or buttons is None:
        return
    file = source_file(pagename, suffix)
    for group in buttons:
        for button in group.get("buttons", []):
            if pagename.startswith(CHAPTERS) and button.get("label") == "download-source-button":
                button["url"] = f"{context['pathto'](PLACE, 1)}/{Path(file).name}"
                button["tooltip"] = "Download the notebook, without outputs"
    if address := app.config.source_address.rstrip("/"):
        buttons.append(
            {
                "type": "link",
                "url": f"{address}/{file}",
                "tooltip": "Show the source",
                "icon": "fas fa-code-branch",
                "text": "",
                "label": "source-file-button",
            }
        )


def copy_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Put the chapters' notebooks beside the pages."""
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir) / PLACE
        target.mkdir(parents=True, exist_ok=True)
        for page in app.env.found_docs:
            if page.startswith(CHAPTERS):
                shutil.copy(Path(app.srcdir) / source_file(page, ".ipynb"), target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("source_address", "", "html", str)
    app.connect("html-page-context", lead, priority=900)
    app.connect("build-finished", copy_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
