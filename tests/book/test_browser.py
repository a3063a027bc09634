"""Every page of the built book in a real browser, from file://, as a reader without network opens it.

HARLIB_BOOK names the folder of the HTML (default _build/html), HARLIB_CHROMIUM the browser.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / os.environ.get("HARLIB_BOOK", "_build/html")
BROWSERS = (
    os.environ.get("HARLIB_CHROMIUM", ""),
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = sorted(path.relative_to(BOOK).as_posix() for path in (BOOK / "book").rglob("*.html"))

pytestmark = pytest.mark.browser


@dataclass
class Opened:
    """A page and what went wrong while it was loaded."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Nothing was reported, and nothing outside the book's folder was asked for."""
        assert self.problems == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    found = next((path for name in BROWSERS if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("No Chromium found: call tools/system-packages.sh browser, or set HARLIB_CHROMIUM to its path")
    if not (BOOK / "index.html").is_file():
        pytest.fail(f"No book in {BOOK}: call make book, or set HARLIB_BOOK to the folder of its HTML")
    with sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("profile")
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=found, headless=True, args=list(FLAGS)
        )
        browser.set_default_timeout(10_000)
        yield browser
        browser.close()


@pytest.fixture
def opened(context: BrowserContext) -> Iterator[Opened]:
    page = context.new_page()
    seen = Opened(page)
    page.on("console", lambda message: seen.problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.problems.append(str(error)))
    page.on("requestfailed", lambda request: seen.problems.append(f"failed: {request.url}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    yield seen
    page.close()


def load(opened: Opened, name: str) -> Page:
    opened.page.goto((BOOK / name).as_uri(), wait_until="load")
    opened.page.evaluate("async () => await window.MathJax?.startup?.promise")
    return opened.page


def test_there_are_pages() -> None:
    assert len(PAGES) >= 9, f"{BOOK} holds {PAGES}"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(opened: Opened, name: str) -> None:
    page = load(opened, name)
    heading = page.locator("article h1").first.inner_text().rstrip("#").strip()
    assert heading
    assert page.title().split(" — ")[0].lower() in heading.lower()

    images = page.locator("article img")
    for image in images.all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert image.get_attribute("alt"), f"{image.get_attribute('src')} has no alternative text"

    formulas = page.locator("article .math")
    assert page.locator("article mjx-container").count() >= formulas.count()
    for formula in formulas.all():
        box = formula.locator("mjx-container").first.bounding_box()
        hidden = formula.evaluate("element => element.closest('details:not([open])') !== null")
        assert hidden or (box is not None and box["width"] > 0 and box["height"] > 0)
    assert page.locator("article mjx-merror").count() == 0
    opened.check()


def test_results_stand_in_a_table(opened: Opened) -> None:
    page = load(opened, "book/run/08-results.html")
    rows = page.locator("article table tbody tr")
    assert rows.count() >= 2
    assert "%" in page.locator("article").inner_text() or any(char.isdigit() for char in rows.first.inner_text())


def test_first_page_says_that_the_data_are_simulated_and_shows_numbers(opened: Opened) -> None:
    page = load(opened, "book/intro.html")
    page.evaluate("document.querySelectorAll('aside.claims').forEach(banner => banner.remove())")  # not the page's own
    text = page.locator("article").inner_text()
    assert text.index("simulated") < text.index("points")
    assert page.locator("article .pasted-text").count() >= 10
    assert page.locator("article figure img").count() >= 1


def test_front_door_leads_to_the_first_page(opened: Opened) -> None:
    opened.page.goto((BOOK / "index.html").as_uri())
    opened.page.wait_for_url("**/book/intro.html")
    opened.check()


def test_search_works_without_a_server(opened: Opened) -> None:
    opened.page.goto((BOOK / "search.html").as_uri() + "?q=dyadic")
    opened.page.wait_for_selector("#search-results li a")
    opened.check()
