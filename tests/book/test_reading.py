"""Pages that everybody can read: axe finds no serious fault, light or dark, on a wide screen or a phone.

`make test` looks at a sample, `make test-all` at every page in every look; its screenshots stay in HARLIB_SCREENSHOTS
(default: screenshots/ beside the book).
"""

import os
from pathlib import Path
from typing import Any

import pytest
from browser import BOOK, ROOT, Opened

AXE = ROOT / "tests" / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = Path(os.environ.get("HARLIB_SCREENSHOTS", BOOK.parent / "screenshots"))
PAGES = sorted(path.relative_to(BOOK).as_posix() for path in (BOOK / "book").rglob("*.html"))
SAMPLE = [("book/intro.html", "dark"), ("book/run/03-ternarization-analysis.html", "phone"), ("search.html", "light")]
OPTIONS = "{resultTypes: ['violations'], preload: false}"  # preloading asks for style sheets, which file:// forbids
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"scheme": "light", "size": {"width": 1280, "height": 800}},
    "dark": {"scheme": "dark", "size": {"width": 1280, "height": 800}},
    "phone": {"scheme": "light", "size": {"width": 390, "height": 844}},
    "phone-dark": {"scheme": "dark", "size": {"width": 390, "height": 844}},
}

pytestmark = pytest.mark.browser


def look(opened: Opened, name: str, how: str) -> None:
    """Open a page in one of the looks."""
    opened.page.emulate_media(color_scheme=LOOKS[how]["scheme"], reduced_motion="reduce")
    opened.page.set_viewport_size(LOOKS[how]["size"])
    opened.load(name)
    theme = opened.page.evaluate("document.documentElement.dataset.theme")
    assert theme == LOOKS[how]["scheme"]


def faults(opened: Opened) -> list[str]:
    """What axe calls serious or critical: the rule, why, and where it was broken first."""
    assert AXE.is_file(), "axe-core is missing: call npm ci --prefix tests"
    opened.page.add_script_tag(path=AXE)
    found = opened.page.evaluate(
        "async () => (await axe.run(document, OPTIONS)).violations".replace("OPTIONS", OPTIONS)
    )
    return [
        f"{fault['id']}, {len(fault['nodes'])} times: {fault['help']}: {fault['nodes'][0]['html'][:300]} "
        f"{fault['nodes'][0]['failureSummary'][:300]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def widest(opened: Opened) -> int:
    """Pixels by which the page itself scrolls sideways."""
    overflow: int = opened.page.evaluate(
        "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
    )
    return overflow


def check(opened: Opened, name: str, how: str) -> None:
    look(opened, name, how)
    assert faults(opened) == []
    assert widest(opened) <= 0
    opened.check()


@pytest.mark.parametrize(("name", "how"), SAMPLE)
def test_a_sample_of_pages_is_accessible(opened: Opened, name: str, how: str) -> None:
    check(opened, name, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", LOOKS)
@pytest.mark.parametrize("name", [*PAGES, "search.html", "genindex.html"])
def test_every_page_is_accessible_in_every_look(opened: Opened, name: str, how: str) -> None:
    look(opened, name, how)
    place = SCREENSHOTS / how / f"{Path(name).stem}.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    opened.page.screenshot(path=place.with_name(f"{place.stem}-first.png"))
    opened.page.screenshot(path=place, full_page=True)
    check(opened, name, how)
