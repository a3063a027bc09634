"""A page of HTML that needs nothing else: its parts, with what they hold escaped."""

import io
from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure

_DOCUMENT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem; color: #1b1b1f;
  background: #fff; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .8rem; text-align: left; overflow-wrap: anywhere; }}
</style></head><body><main>
<h1>{title}</h1>
{body}
</main></body></html>
"""


def document(title: str, body: str) -> str:
    """The whole page; `body` is HTML."""
    return _DOCUMENT.format(title=escape(title), body=body)


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself where it is wide."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(drawn: Figure, alt: str) -> str:
    """A figure as SVG, with what a reader who cannot see it is told."""
    held = io.StringIO()
    drawn.savefig(held, format="svg", metadata={"Date": None}, bbox_inches="tight")
    svg = held.getvalue()[held.getvalue().index("<svg") :]
    return f'<figure role="img" aria-label="{escape(alt)}">{svg}</figure>'
