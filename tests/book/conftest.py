"""A browser for the tests of the built book."""

import shutil
from collections.abc import Iterator

import pytest
from browser import BOOK, BROWSERS, FLAGS, Opened
from playwright.sync_api import BrowserContext, sync_playwright


@pytest.fixture(scope="session")
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
        browser.set_default_timeout(60_000)  # a busy machine is no fault of a page
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
