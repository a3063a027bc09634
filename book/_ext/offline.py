"""Sphinx extension: the book needs no network and says which run its numbers come from."""

import importlib.util
import json
import shutil
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MATHJAX = ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2")
PUBLISHED = "published"


def drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Take out the live-code script that Jupyter Book adds to every page: no page uses it, and it throws."""
    scripts = context.get("script_files", [])
    context["script_files"] = [script for script in scripts if "thebe" not in _text(script)]
    styles = context.get("css_files", [])
    context["css_files"] = [style for style in styles if "thebe" not in _text(style)]


def _text(asset: Any) -> str:
    """Give the address of a script or style sheet, or the code of an inline one."""
    return f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', {}).get('body', '')}".lower()


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Put the installed MathJax, as much of it as HTML needs, beside the pages."""
    if exception is not None or app.builder.format != "html":
        return
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ExtensionError("sphinx-mathjax-offline is not installed: make the environment from requirements.lock")
    source = Path(spec.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    script, fonts = MATHJAX
    shutil.copytree(source / fonts, target / fonts, dirs_exist_ok=True)
    shutil.copyfile(source / script, target / script)
    shutil.move(Path(app.outdir) / "_static" / "mathjax-license.txt", target / "LICENSE.txt")


def name_the_run(app: Sphinx, config: Config) -> None:
    """Name run and commit below every page, and warn above it when the run is not the published one."""
    file = Path(app.srcdir) / "book" / "run" / "origin.json"
    if not file.is_file():
        raise ExtensionError(f"{file} is missing: stage a run first, with make book")
    origin = json.loads(file.read_text(encoding="utf-8"))
    run, commit = escape(origin["run"]), escape(origin["commit"][:12])
    made = f"Numbers and figures: run <code>{run}</code>"
    if commit:
        made += f", commit <code>{commit}</code>" + (" with uncommitted changes" if origin["dirty"] else "")
    options = dict(config.html_theme_options)
    options["extra_footer"] = f"<p>{made}.</p>" + options.get("extra_footer", "")
    if run != PUBLISHED:
        options["announcement"] = (
            f"This book shows the run <strong>{run}</strong>, not the published study: its numbers are its own, "
            "and what the text says about the published ones need not hold."
        )
    config.html_theme_options = options


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", name_the_run, priority=900)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
