"""Sphinx extension: vector figures stand in the page itself, so that they follow its light or dark theme.

A picture of the run that is an SVG file is put into the HTML, with its alternative text as its name. Its ink and paper,
as `harlib.plots.style` draws them, become colours of the page; the colours that carry data stay. On a narrow screen a
figure keeps a size at which its labels can be read, and scrolls sideways.
"""

import base64
import io
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

INK = {"#1b1b1f": "currentColor", "#000000": "currentColor"}
PAPER = {"#ffffff": "var(--pst-color-background)", "#e5e5e5": "var(--harlib-shade)"}
PIXELS_A_POINT = 4 / 3
LEAST_WIDTH = 0.7  # of the natural width: at 0.7 a label of 10 points is still 9 pixels high
COLUMN = 600  # pixels that a page of a wide screen has for a figure
EMBEDDED = re.compile(r"data:image/png;base64,([^\"]+)")
FONTS = re.compile(r"font-family: 'Arial'[^;\"]*; ?")  # the style sheet's instead
UPRIGHT = re.compile(r' transform="rotate\(-?0 [^"]*\)"')
DIGITS = re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is less than anybody sees
STYLED = re.compile(r"(?P<tag><(?P<name>[\w:]+)\b[^>]*>)")


def themed(svg: str, prefix: str, alt: str) -> str:
    """An SVG file as part of a page.

    Args:
        svg: the file's text, with a viewBox.
        prefix: put before every id in it, since ids of a page differ.
        alt: what the picture shows, in words.

    >>> small = '<?xml version="1.0"?><svg width="72pt" height="36pt" viewBox="0 0 72 36"><path fill="#ffffff"/></svg>'
    >>> print(themed(small, "fig-a", "Nothing").replace(" style", "\\n style").replace("><", ">\\n<"))
    <svg viewBox="0 0 72 36" role="img" aria-label="Nothing" class="harlib-figure"
     style="width: 96px; min-width: 67px">
    <path fill="var(--pst-color-background)"/>
    </svg>
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    head, rest = body.split(">", 1)
    box = re.search(r'viewBox="([^"]+)"', head)
    if box is None:
        raise ValueError(f"{prefix}: an SVG without a viewBox cannot be scaled")
    size = re.search(r'width="([\d.]+)(pt|px)?"', head)
    width = float(size[1]) * (PIXELS_A_POINT if size[2] == "pt" else 1) if size else float(box[1].split()[2])
    opening = (
        f'<svg viewBox="{box[1]}" role="img" aria-label="{escape(alt)}" class="harlib-figure" '
        f'style="width: {width:.0f}px; min-width: {min(LEAST_WIDTH * width, COLUMN):.0f}px">'
    )
    rest = EMBEDDED.sub(lambda found: f"data:image/png;base64,{_compact(found[1])}", rest)
    used = set(re.findall(r'#([^")]+)', EMBEDDED.sub("", rest)))
    rest = re.sub(r' id="([^"]+)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", rest)
    rest = re.sub(r'(xlink:href="#|href="#|url\(#)', rf"\1{prefix}-", rest)
    return opening + STYLED.sub(_recoloured, re.sub(r"\n\s*", "\n", rest).strip())


def _compact(encoded: str) -> str:
    """A picture with a palette in place of four bytes a pixel, if it has few enough colours: every pixel stays."""
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))
    colours, index = np.unique(picture.reshape(-1, 4), axis=0, return_inverse=True)
    if len(colours) > 256 or (colours[:, 3] < 255).any():
        return encoded
    small = Image.fromarray(index.reshape(picture.shape[:2]).astype(np.uint8))
    small.putpalette(colours[:, :3].tobytes())
    held = io.BytesIO()
    small.save(held, "PNG", optimize=True)
    return base64.b64encode(held.getvalue()).decode() if held.tell() < len(encoded) else encoded


def _recoloured(found: re.Match[str]) -> str:
    tag = found["tag"]
    if found["name"] != "image":
        tag = DIGITS.sub(r"\1", UPRIGHT.sub("", FONTS.sub("", tag)))
    for colour, role in INK.items():
        tag = tag.replace(colour, role)
    if found["name"] not in ("text", "tspan"):  # white letters stand on a coloured cell
        for colour, role in PAPER.items():
            tag = tag.replace(colour, role)
    return tag


def place(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the SVG pictures of a page into it, and say under those of the run where they are from."""
    if app.builder.format != "html":
        return
    for number, image in enumerate(list(doctree.findall(nodes.image)), start=1):
        file = Path(app.srcdir) / image["uri"]
        if file.suffix != ".svg" or not file.is_file():
            continue
        svg = file.read_text(encoding="utf-8")
        made = _made(file, svg)
        if made and isinstance(image.parent, nodes.figure):
            for caption in image.parent.findall(nodes.caption):
                caption += [nodes.Text(" "), nodes.emphasis("", made)]
        drawn = themed(svg, f"picture{number}", image.get("alt", ""))
        image.replace_self(nodes.raw("", f'<div class="harlib-scroll">{drawn}</div>', format="html"))


EXTENDED = {"extended": "Extended run", "power-of-two": "Run power-of-two"}  # folders of reference/ and their names


def _made(file: Path, svg: str) -> str:
    """The run that a figure shows and its commit, with the notebook that drew it if `Study.save_figure` named one."""
    if file.parts[-3:-1] == ("run", "figures"):
        origin = json.loads((file.parents[1] / "origin.json").read_text(encoding="utf-8"))
        notebook = re.search(r"<dc:source>(.*?)</dc:source>", svg)
        drawn = f"Notebook {notebook[1]}, run {origin['run']}" if notebook else f"Run {origin['run']}"
    elif file.parts[-3:-1] in ((name, "figures") for name in EXTENDED):
        origin = json.loads((file.parents[1] / "manifest.json").read_text(encoding="utf-8"))
        drawn = f"{EXTENDED[file.parts[-3]]}, drawn by harlib extended --tables"
    else:
        return ""
    commit = f", commit {origin['commit'][:7]}{' with changes' if origin['dirty'] else ''}" if origin["commit"] else ""
    return f"{drawn}{commit}."


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-resolved", place)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
