"""A page of HTML that needs nothing else: its parts, with what they hold escaped."""

import io
from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure

from harlib import words

_DOCUMENT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem; color: #1b1b1f;
  background: #fff; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .8rem; text-align: left; vertical-align: top; }}
th {{ vertical-align: bottom; }}
.plain td {{ overflow-wrap: anywhere; }}
.number {{ text-align: right; }}
td.number {{ white-space: nowrap; }}
figure {{ margin: 1.5rem 0; overflow-x: auto; }}
svg {{ height: auto; max-width: 100%; min-width: 34rem; }}
</style></head><body><main>
<h1>{title}</h1>
{body}
</main></body></html>
"""


def document(title: str, body: str) -> str:
    """The whole page; `body` is HTML."""
    return _DOCUMENT.format(title=escape(title), body=body)


def table(names: Sequence[str], rows: Sequence[Sequence[str]], plain: bool = False) -> str:
    """A table that scrolls by itself where it is wide; columns of numbers stand to the right, unless it is plain."""
    numeric = [not plain and words.is_numeric(row[at] for row in rows) for at in range(len(names))]
    marks = [' class="number"' if held else "" for held in numeric]
    head = "".join(f'<th scope="col"{mark}>{escape(name)}</th>' for name, mark in zip(names, marks, strict=True))
    body = "".join(f"<tr>{_cells(row, marks)}</tr>" for row in rows)
    kind = ' class="plain"' if plain else ""
    return f'<div tabindex="0"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(row: Sequence[str], marks: Sequence[str]) -> str:
    shown = [words.grouped(cell) if mark else cell for cell, mark in zip(row, marks, strict=True)]
    return "".join(f"<td{mark}>{escape(cell)}</td>" for cell, mark in zip(shown, marks, strict=True))


def figure(drawn: Figure, alt: str) -> str:
    """A figure as SVG, with what a reader who cannot see it is told."""
    held = io.StringIO()
    drawn.savefig(held, format="svg", metadata={"Date": None}, bbox_inches="tight")
    svg = held.getvalue()[held.getvalue().index("<svg") :]
    return f'<figure role="img" tabindex="0" aria-label="{escape(alt)}">{svg}</figure>'
