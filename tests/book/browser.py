"""The built book in a browser: what every test of it needs.

HARLIB_BOOK names the folder of the HTML (default _build/html), HARLIB_CHROMIUM the browser.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

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


@dataclass
class Opened:
    """A page and what went wrong while it was loaded."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def load(self, name: str) -> Page:
        """Open a page of the book and wait until its formulas are set."""
        self.page.goto((BOOK / name).as_uri(), wait_until="load")
        self.page.evaluate("async () => await window.MathJax?.startup?.promise")
        return self.page

    def check(self) -> None:
        """Nothing was reported, and nothing outside the book's folder was asked for."""
        assert self.problems == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []
