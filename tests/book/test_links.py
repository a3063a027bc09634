"""No link of the built book leads to nothing."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import BOOK

pytestmark = pytest.mark.browser
PAGES = [*sorted((BOOK / "book").rglob("*.html")), BOOK / "search.html", BOOK / "index.html"]
PAGE_BYTES = 1_000_000  # a page may add this much to what all pages share


class Found(HTMLParser):
    """Where a page's links lead, and the names in it that links may lead to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.names: set[str] = set()
        self.scopes: list[str | None] = []
        self.tables = 0
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tables += tag == "table"
        if tag == "th":
            self.scopes.append(dict(attrs).get("scope"))
        for name, value in attrs:
            if name in ("href", "src") and value is not None and tag != "use":
                self.targets.append(value)
            elif name in ("id", "name") and value:
                self.names.add(value)


@pytest.fixture(scope="module")
def read() -> dict[Path, Found]:
    return {page: Found(page) for page in PAGES}


def dead(page: Path, read: dict[Path, Found]) -> list[str]:
    """Links of a page to files that are not there, or to names that no page has."""
    found = []
    for target in read[page].targets:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or target in ("#", "#pst-back-to-top"):
            continue
        file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        known = read[file].names if file in read else None
        if not file.is_file() or (parts.fragment and known is not None and unquote(parts.fragment) not in known):
            found.append(target)
    return found


def test_no_link_is_dead(read: dict[Path, Found]) -> None:
    assert {page.name: links for page in PAGES if (links := dead(page, read))} == {}


def test_a_dead_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<h1 id="top"><a href="#top">a</a><a href="#bottom">b</a><a href="none.html">c</a>')
    assert dead(page, {page: Found(page)}) == ["#bottom", "none.html"]


def test_tables_have_headings_with_a_scope(read: dict[Path, Found]) -> None:
    for page in PAGES:
        found = read[page]
        assert set(found.scopes) <= {"col", "row", "colgroup", "rowgroup"}, page.name
        assert found.scopes.count("col") >= found.tables, page.name
    assert sum(found.tables for found in read.values()) >= 20


def test_every_figure_says_where_it_is_from(read: dict[Path, Found]) -> None:
    """The notebook that draws it, the run and the commit; a figure that no run made needs none."""
    origin = json.loads((BOOK.parents[1] / "book" / "run" / "origin.json").read_text(encoding="utf-8"))
    of = {"extended.html": ("extended", "Extended run"), "power-of-two.html": ("power-of-two", "Run power-of-two")}
    captions = [
        (page.name, caption)
        for page in PAGES
        for caption in re.findall(r"<figcaption>(.*?)</figcaption>", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert len(captions) >= 30
    for page_name, caption in captions:
        words = re.sub(r"<[^>]+>", "", caption)
        if page_name in of:
            folder, name = of[page_name]
            manifest = (BOOK.parents[1] / "reference" / folder / "manifest.json").read_text(encoding="utf-8")
            commit = json.loads(manifest)["commit"][:7]
            assert f"{name}, drawn by harlib extended --tables, commit {commit}" in words, words
            continue
        if page_name == "scale.html":
            assert "Measured by tools/scale.py, drawn by tools/scale_tables.py" in " ".join(words.split()), words
            continue
        assert re.search(rf"[Rr]un {re.escape(origin['run'])}", words), (page_name, words)
        assert "otebook" in words, (page_name, words)
        assert f"commit {origin['commit'][:7]}" in words or not origin["commit"], (page_name, words)


def test_every_chapter_offers_its_notebook_without_outputs(read: dict[Path, Found]) -> None:
    chapters = [page for page in PAGES if page.parent.name == "run"]
    for page in chapters:
        assert f"../../_downloads/notebooks/{page.stem}.ipynb" in read[page].targets
        notebook = (BOOK / "_downloads" / "notebooks" / f"{page.stem}.ipynb").read_text(encoding="utf-8")
        assert '"output_type"' not in notebook
    assert len(chapters) == 8


def test_a_page_stays_small(read: dict[Path, Found]) -> None:
    """Beyond scripts, styles and fonts that all pages share: the page and its own pictures."""
    sizes = {}
    for page in PAGES:
        own = {(page.parent / target).resolve() for target in read[page].targets if "_images/" in target}
        sizes[page.name] = page.stat().st_size + sum(file.stat().st_size for file in own)
    assert {name: size for name, size in sizes.items() if size > PAGE_BYTES} == {}


def test_lost_readers_find_back() -> None:
    page = BOOK / "404.html"
    targets = Found(page).targets
    assert [target.rsplit("/", 1)[-1] for target in targets] == ["index.html", "search.html"]
    text = page.read_text(encoding="utf-8")
    assert "<link" not in text
    assert "<em>Ternary weights, integers only</em>" in text
