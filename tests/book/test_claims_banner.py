"""The banner lists what does not hold for the run, and is absent where all claims hold."""

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from helpers import load_script

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def banner() -> ModuleType:
    return load_script(ROOT / "book" / "_ext" / "claims.py")


def shown(banner: ModuleType, folder: Path, claims: list[dict[str, Any]] | None, page: str = "book/intro") -> str:
    if claims is not None:
        (folder / "book" / "run").mkdir(parents=True)
        (folder / "book" / "run" / "claims.json").write_text(json.dumps(claims))
    context = {"body": "<p>text</p>"}
    banner.warn(SimpleNamespace(srcdir=folder), page, "page.html", context, None)
    return context["body"]


HOLDS = {"name": "a", "sentence": "This holds.", "holds": True}
FAILS = {"name": "b", "sentence": "Less than 5 <points> are lost.", "holds": False}


def test_only_what_fails_is_listed_and_the_text_stays(banner: ModuleType, tmp_path: Path) -> None:
    body = shown(banner, tmp_path, [HOLDS, FAILS])
    assert "<li>Less than 5 &lt;points&gt; are lost.</li>" in body
    assert "This holds." not in body
    assert body.endswith("<p>text</p>")


@pytest.mark.parametrize("claims", [[HOLDS], [], None])
def test_nothing_is_shown_where_nothing_fails(
    banner: ModuleType, tmp_path: Path, claims: list[dict[str, Any]] | None
) -> None:
    assert shown(banner, tmp_path, claims) == "<p>text</p>"


def test_the_search_page_has_no_banner(banner: ModuleType, tmp_path: Path) -> None:
    assert shown(banner, tmp_path, [FAILS], "search") == "<p>text</p>"
