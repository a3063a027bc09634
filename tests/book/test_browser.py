"""Every page of the built book in a real browser, from file://, as a reader without network opens it."""

import pytest
from browser import BOOK, Opened

PAGES = sorted(path.relative_to(BOOK).as_posix() for path in (BOOK / "book").rglob("*.html"))

pytestmark = pytest.mark.browser


def test_there_are_pages() -> None:
    assert len(PAGES) >= 9, f"{BOOK} holds {PAGES}"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(opened: Opened, name: str) -> None:
    page = opened.load(name)
    heading = page.locator("article h1").first.inner_text().rstrip("#").strip()
    assert heading
    assert page.title().split(" — ")[0].lower() in heading.lower()

    for drawn in page.locator("article svg[role=img]").all():
        assert drawn.get_attribute("aria-label"), "a drawn figure has no alternative text"
        assert drawn.evaluate("figure => figure.getBoundingClientRect().height") > 0
    images = page.locator("article img")
    for image in images.all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert image.get_attribute("alt"), f"{image.get_attribute('src')} has no alternative text"

    column = page.locator("article").first.bounding_box()
    assert column is not None
    for caption in page.locator("article caption").all():  # also that of a table that scrolls
        box = caption.bounding_box()
        assert box is None or box["x"] + box["width"] <= column["x"] + column["width"], caption.inner_text()

    formulas = page.locator("article .math")
    assert page.locator("article mjx-container").count() >= formulas.count()
    for formula in formulas.all():
        box = formula.locator("mjx-container").first.bounding_box()
        hidden = formula.evaluate("element => element.closest('details:not([open])') !== null")
        assert hidden or (box is not None and box["width"] > 0 and box["height"] > 0)
    assert page.locator("article mjx-merror").count() == 0
    opened.check()


def test_results_stand_in_a_table(opened: Opened) -> None:
    page = opened.load("book/run/08-results.html")
    rows = page.locator("article table tbody tr")
    assert rows.count() >= 2
    assert "%" in page.locator("article").inner_text() or any(char.isdigit() for char in rows.first.inner_text())


def test_first_page_says_that_the_data_are_simulated_and_shows_numbers(opened: Opened) -> None:
    page = opened.load("book/intro.html")
    page.evaluate("document.querySelectorAll('aside.claims').forEach(banner => banner.remove())")  # not the page's own
    text = page.locator("article").inner_text()
    assert text.index("simulated") < text.index("points")
    assert page.locator("article .pasted-text").count() >= 10
    assert page.locator("article figure svg[role=img]").count() >= 1


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_first_screen_says_what_how_well_and_how_sure(opened: Opened, size: tuple[int, int]) -> None:
    opened.page.set_viewport_size({"width": size[0], "height": size[1]})
    page = opened.load("book/intro.html")
    page.evaluate("document.querySelectorAll('aside.claims').forEach(banner => banner.remove())")
    first = page.locator("article p").first
    box = first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < size[1]
    words = first.inner_text()
    assert words.index("simulated") < words.index("accuracy") < words.index("points") < words.index("interval")
    assert first.locator(".pasted-text").count() == 6


def test_the_head_of_a_page_says_what_it_is(opened: Opened) -> None:
    page = opened.load("book/run/05-pruning.html")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("link[rel=icon]").count() == 1
    described = page.locator('meta[property="og:description"]').get_attribute("content")
    assert described is not None
    assert described.endswith("?")  # a chapter opens with its question
    assert page.locator('meta[property="og:title"]').get_attribute("content") == page.title().split(" — ")[0]


def test_theme_and_copy_buttons_work(opened: Opened) -> None:
    page = opened.load("book/how-to-rerun.html")
    page.locator(".highlight").first.hover()
    assert page.locator("button.copybtn").count() >= 3
    seen = set()
    for _ in range(3):
        page.locator(".theme-switch-button").first.click()
        seen.add(page.locator("html").get_attribute("data-theme"))
    assert seen == {"light", "dark"}
    opened.check()


def test_front_door_leads_to_the_first_page(opened: Opened) -> None:
    opened.page.goto((BOOK / "index.html").as_uri())
    opened.page.wait_for_url("**/book/intro.html")
    opened.check()


def test_search_works_without_a_server(opened: Opened) -> None:
    opened.page.goto((BOOK / "search.html").as_uri() + "?q=dyadic")
    opened.page.wait_for_selector("#search-results li a")
    opened.check()
