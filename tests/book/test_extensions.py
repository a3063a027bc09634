"""What the book's own Sphinx extensions do to a page."""

import base64
import io
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from docutils import nodes
from helpers import load_script
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def extension(name: str) -> ModuleType:
    return load_script(ROOT / "book" / "_ext" / f"{name}.py")


figures, accessible, source, sharing = (extension(name) for name in ("figures", "accessible", "source", "sharing"))


def svg(inner: str) -> str:
    return f'<?xml version="1.0"?>\n<svg width="72pt" height="36pt" viewBox="0 0 72 36">{inner}</svg>'


def test_ink_and_paper_follow_the_page_and_data_do_not() -> None:
    drawn = figures.themed(
        svg(
            '<path style="fill: #ffffff; stroke: #1b1b1f"/><path style="stroke: #0072b2"/>'
            '<text style="fill: #1b1b1f">a</text><text style="fill: #ffffff">b</text>'
        ),
        "one",
        'A "picture"',
    )
    assert 'fill: var(--pst-color-background); stroke: currentColor"' in drawn
    assert 'style="stroke: #0072b2"' in drawn
    assert '<text style="fill: currentColor">a</text><text style="fill: #ffffff">b</text>' in drawn
    assert 'role="img" aria-label="A &quot;picture&quot;"' in drawn


def test_two_drawings_share_no_name() -> None:
    inner = '<clipPath id="p1"/><g clip-path="url(#p1)"><use xlink:href="#p1"/></g>'
    drawn = figures.themed(svg(inner), "two", "")
    assert drawn.count("two-p1") == 3
    assert "#p1" not in drawn


def test_what_nobody_sees_is_left_out() -> None:
    inner = (
        '<g id="unused"><text x="1.23456" transform="rotate(-0 1 2)" '
        "style=\"font-family: 'Arial', sans-serif; fill: #1b1b1f\">0.12345</text></g>"
    )
    drawn = figures.themed(svg(inner), "one", "")
    assert '<g><text x="1.23" style="fill: currentColor">0.12345</text></g>' in drawn


def test_what_cannot_be_scaled_is_refused() -> None:
    with pytest.raises(ValueError, match="viewBox"):
        figures.themed('<svg width="1" height="1"><path/></svg>', "one", "")


def encoded(picture: np.ndarray) -> str:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()


@pytest.mark.parametrize("colours", [200, 4000])
def test_a_smaller_picture_has_the_same_pixels(colours: int) -> None:
    rng = np.random.default_rng(0)
    shades = rng.integers(0, 256, (colours, 4)).astype(np.uint8)
    shades[:, 3] = 255
    picture = shades[rng.integers(0, colours, (64, 64))]
    before = encoded(picture)
    after = figures._compact(before)
    held = np.asarray(Image.open(io.BytesIO(base64.b64decode(after))).convert("RGBA"))
    np.testing.assert_array_equal(held, picture)
    assert len(after) < len(before) if colours == 200 else after == before


def page(folder: Path, uri: str, source: str = "") -> nodes.document:
    doctree = nodes.document(None, None)
    figure = nodes.figure("", nodes.image(uri=uri, alt="What it shows"), nodes.caption("", "A caption."))
    doctree += nodes.section("", figure)
    (folder / "book" / "run" / "figures").mkdir(parents=True, exist_ok=True)
    (folder / "book" / "run" / "origin.json").write_text(
        json.dumps({"run": "one", "commit": "abcdef1234", "dirty": ""})
    )
    (folder / uri).parent.mkdir(parents=True, exist_ok=True)
    (folder / uri).parents[1].joinpath("manifest.json").write_text(json.dumps({"commit": "fedcba98", "dirty": True}))
    (folder / uri).write_text(svg(f"<metadata>{source}</metadata><path/>"))
    return doctree


@pytest.mark.parametrize(
    ("uri", "source", "caption"),
    [
        ("book/run/figures/a.svg", "", "A caption. Run one, commit abcdef1."),
        (
            "book/run/figures/a.svg",
            "<dc:source>05-pruning</dc:source>",
            "A caption. Notebook 05-pruning, run one, commit abcdef1.",
        ),
        (
            "reference/extended/figures/a.svg",
            "",
            "A caption. Extended run, drawn by harlib extended --tables, commit fedcba9 with changes.",
        ),
        ("book/b.svg", "", "A caption."),
    ],
)
def test_a_figure_of_the_run_says_so_and_stands_in_the_page(
    tmp_path: Path, uri: str, source: str, caption: str
) -> None:
    doctree = page(tmp_path, uri, source)
    figures.place(SimpleNamespace(srcdir=tmp_path, builder=SimpleNamespace(format="html")), doctree, "book/intro")
    assert next(doctree.findall(nodes.caption)).astext() == caption
    (drawn,) = doctree.findall(nodes.raw)
    assert 'aria-label="What it shows"' in drawn.astext()
    assert not list(doctree.findall(nodes.image))


HEAD = "<thead><tr><th>&nbsp;</th><th>a</th></tr></thead>"


def test_headings_of_rows_and_columns_have_a_scope() -> None:
    found = accessible.scoped(f"<table>{HEAD}<tbody><tr><th>x</th><td>1</td></tr></tbody></table>")
    assert '<td></td><th scope="col">a</th>' in found
    assert '<tr><th scope="row">x</th><td>1</td></tr>' in found


def test_a_first_column_of_numbers_stays_data() -> None:
    rows = "<tr><td>1</td><td>word</td></tr><tr><td>2.5</td><td>word</td></tr>"
    assert rows in accessible.scoped(f"<table>{HEAD}<tbody>{rows}</tbody></table>")


def test_each_table_of_a_page_scrolls_by_itself() -> None:
    context: dict[str, Any] = {"body": "<p>a</p><table><tr><td>1</td></tr></table>" * 2}
    accessible.mark(None, "book/intro", "page.html", context, None)
    assert context["body"].count('<div class="harlib-scroll"><table>') == 2


def test_a_list_of_works_has_no_role_that_its_parts_contradict() -> None:
    works = '<div role="list" class="citation-list"><div class="citation" id="a" role="doc-biblioentry">A</div></div>'
    context: dict[str, Any] = {"body": works}
    accessible.mark(None, "book/references", "page.html", context, None)
    assert context["body"] == '<div class="citation-list"><div class="citation" id="a">A</div></div>'


def buttons(address: str, name: str, suffix: str) -> list[dict[str, Any]]:
    download = {"label": "download-source-button", "url": "_sources/x"}
    context = {
        "page_source_suffix": suffix,
        "header_buttons": [{"label": "download-buttons", "buttons": [download]}],
        "pathto": lambda place, _: f"../{place}",
    }
    source.lead(SimpleNamespace(config=SimpleNamespace(source_address=address)), name, "page.html", context, None)
    return [download, *context["header_buttons"][1:]]


def test_a_chapter_leads_to_its_notebook() -> None:
    download, link = buttons("https://example.org/blob/main/", "book/run/05-pruning", ".ipynb")
    assert download["url"] == "../_downloads/notebooks/05-pruning.ipynb"
    assert link["url"] == "https://example.org/blob/main/notebooks/05-pruning.ipynb"


def test_without_a_repository_there_is_no_link_to_it() -> None:
    (download,) = buttons("", "book/intro", ".md")
    assert download["url"] == "_sources/x"


def meta(base: str) -> str:
    config = SimpleNamespace(html_title="A <book>", html_baseurl=base)
    text = nodes.paragraph("", "What was done. " * 30)
    doctree = nodes.document(None, None)
    doctree += nodes.section("", nodes.title("", "Title"), text)
    context: dict[str, Any] = {"title": "One <em>page</em>"}
    sharing.preview(SimpleNamespace(config=config), "book/intro", "page.html", context, doctree)
    tags: str = context["metatags"]
    return tags


def test_a_shared_link_has_a_preview() -> None:
    tags = meta("https://example.org/book")
    assert '<meta property="og:title" content="One page" />' in tags
    assert 'content="A &lt;book&gt;"' in tags
    assert 'og:url" content="https://example.org/book/book/intro.html"' in tags
    assert 'og:image" content="https://example.org/book/_static/preview.png"' in tags
    assert "What was done. What" in tags
    assert max(len(line) for line in tags.splitlines()) < 400


def test_without_an_address_a_preview_has_words_only() -> None:
    tags = meta("")
    assert "og:title" in tags
    assert "og:url" not in tags
    assert "og:image" not in tags
