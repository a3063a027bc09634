"""Sphinx extension: widgets that run in the reader's browser, from file:// too.

A page asks for one by the directive {playground}, with the widget's name, and a text alternative for the still picture
that stands in where scripts are off:

    ```{playground} threshold
    :alt: Histogram of a layer's weights ...
    ```

The sources in book/js are ES modules, for node's tests. file:// forbids modules, so they are joined into one classic
script, each a function of its own. The data, from book/run/playground, stand in the page as JSON.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

NEEDS = {
    "classify": ("model", "samples"),
    "threshold": ("weights",),
    "scales": ("model",),
    "grid": ("model", "grid"),
}
SCRIPT, STYLE = "playground.js", "playground.css"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+)\.mjs";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.MULTILINE)


def join(folder: Path, entry: str = "main") -> str:
    """Join a module and all that it imports into one classic script.

    Understood are `import { a, b } from "./name.mjs";` at the start of a line, and `export` before a function, constant
    or class.

    Raises:
        ExtensionError: another form of import or export, or modules that import each other in a circle.
    """
    done: list[str] = []
    parts: list[str] = []

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ExtensionError(f"book/js: {' -> '.join([*above, name])}: modules import each other in a circle")
        source = (folder / f"{name}.mjs").read_text(encoding="utf-8")
        for _, needed in IMPORT.findall(source):
            if needed not in done:
                add(needed, (*above, name))
        names = [exported for _, exported in EXPORT.findall(source)]
        body = IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_variable(found[2])};\n", source)
        body = EXPORT.sub(r"\1", body)
        if left := re.search(r"^(?:import|export)\b.*", body, re.MULTILINE):
            raise ExtensionError(f"book/js/{name}.mjs: {left[0]!r} is a form that is not joined")
        parts.append(f"const {_variable(name)} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();\n")
        done.append(name)

    add(entry, ())
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def _variable(name: str) -> str:
    return "module_" + name.replace("-", "_")


class Playground(SphinxDirective):
    """A widget's place, with its still picture for browsers without scripts."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Give the nodes."""
        (name,) = self.arguments
        if name not in NEEDS:
            raise self.error(f"there is no widget {name!r}; known are {', '.join(NEEDS)}")
        if not self.options.get("alt"):
            raise self.error(f"widget {name!r}: option alt is missing: say what the still picture shows")
        held = self.env.metadata[self.env.docname]
        held["playground"] = " ".join(dict.fromkeys([*held.get("playground", "").split(), name]))
        picture = nodes.image(uri=f"/book/run/playground/{name}.jpg", alt=self.options["alt"])
        note = "This part of the page works with scripts, which are off here. A still picture of it:"
        before = f'<div class="playground" data-widget="{name}"><noscript><p>{note}</p>'
        return [nodes.raw("", before, format="html"), picture, nodes.raw("", "</noscript></div>", format="html")]


def write_script(app: Sphinx) -> None:
    """Put the joined script beside the pages."""
    if app.builder.format == "html":
        target = Path(app.outdir) / "_static"
        target.mkdir(parents=True, exist_ok=True)
        (target / SCRIPT).write_text(join(Path(app.srcdir) / "book" / "js"), encoding="utf-8")


def add_data(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Give a page with widgets its data, the script and the style sheet."""
    widgets = app.env.metadata.get(pagename, {}).get("playground", "").split()
    if not widgets or "body" not in context:
        return
    for name in dict.fromkeys(block for widget in widgets for block in NEEDS[widget]):
        file = Path(app.srcdir) / "book" / "run" / "playground" / f"{name}.json"
        if not file.is_file():
            raise ExtensionError(f"{file} is missing: stage the run again, with make book")
        text = file.read_text(encoding="utf-8").replace("<", "\\u003c")  # JSON's own way to write it
        context["body"] += f'<script type="application/json" id="playground-{name}">{text}</script>\n'
    app.add_js_file(SCRIPT, loading_method="defer")
    app.add_css_file(STYLE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("playground", Playground)
    app.connect("builder-inited", write_script)
    app.connect("html-page-context", add_data, priority=600)  # after those that mend the body
    return {"parallel_read_safe": True, "parallel_write_safe": True}
