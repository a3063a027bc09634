"""A run becomes book/run/ whole, or not at all."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

import build_book  # noqa: E402
import stage_book  # noqa: E402
from stage_book import StagingError, chapters  # noqa: E402


def stage(run: Path, book: Path) -> Path:
    return stage_book.stage(run, book, check=lambda _: [])


def code(source: str, tags: Sequence[str] = (), count: int | None = 1, outputs: Sequence[Any] = ()) -> dict[str, Any]:
    metadata = {"tags": list(tags), "papermill": {"duration": 1.5}}
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
    }


def write(path: Path, *cells: dict[str, Any]) -> None:
    metadata = {"widgets": {"state": {}}, "papermill": {"output_path": "/somewhere"}, "kernelspec": {"name": "python3"}}
    notebook = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "book").mkdir(parents=True)
    (folder / "_toc.yml").write_text("root: book/intro\nchapters:\n- file: book/run/01-one\n- file: book/run/02-two\n")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "one"
    for name in ("01-one", "02-two"):
        write(folder / "notebooks" / f"{name}.ipynb", code("x = 1"), code("  ", count=None))
    (folder / "figures").mkdir()
    (folder / "figures" / "a.svg").write_text("<svg/>")
    return folder


def staged(book: Path, name: str = "01-one") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((book / "book" / "run" / f"{name}.ipynb").read_text())
    return content


def test_notebooks_and_figures_arrive(book: Path, run: Path) -> None:
    assert stage(run, book) == book / "book" / "run"
    names = {path.relative_to(book / "book" / "run").as_posix() for path in (book / "book" / "run").rglob("*.*")}
    assert names == {"01-one.ipynb", "02-two.ipynb", "figures/a.svg", "origin.json"}
    assert not (book / "_build" / "staging").exists()


def test_parameters_are_hidden_and_noise_is_dropped(book: Path, run: Path) -> None:
    cells = code("t = 0.7", tags=("parameters",)), code("t = 0.5", tags=("injected-parameters",))
    write(run / "notebooks" / "01-one.ipynb", *cells)
    stage(run, book)
    notebook = staged(book)
    assert [cell["metadata"] for cell in notebook["cells"]] == [
        {"tags": ["parameters", "remove-cell"]},
        {"tags": ["injected-parameters", "hide-input"]},
    ]
    assert notebook["metadata"] == {"kernelspec": {"name": "python3"}}


def test_origin_comes_from_the_manifest(book: Path, run: Path) -> None:
    (run / "manifest.json").write_text(json.dumps({"commit": "abc", "dirty": True}))
    stage(run, book)
    origin = json.loads((book / "book" / "run" / "origin.json").read_text())
    assert origin == {"run": "one", "commit": "abc", "dirty": "yes"}


def test_staging_replaces_the_run_before(book: Path, run: Path) -> None:
    stage(run, book)
    (run / "figures" / "a.svg").rename(run / "figures" / "b.svg")
    stage(run, book)
    assert [path.name for path in (book / "book" / "run" / "figures").iterdir()] == ["b.svg"]


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no\nmore", "traceback": []}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code("x", count=None), "02-two.ipynb: cell 1 was not executed"),
        (code("x", outputs=(ERROR,)), r"cell 1 ended in an error \(ValueError: no\)"),
    ],
)
def test_a_run_that_is_not_whole_is_refused(book: Path, run: Path, cell: dict[str, Any], message: str) -> None:
    stage(run, book)
    before = staged(book)
    write(run / "notebooks" / "01-one.ipynb", code("changed = 1"))
    write(run / "notebooks" / "02-two.ipynb", cell)
    with pytest.raises(StagingError, match=message) as refused:
        stage(run, book)
    assert "\n" not in str(refused.value)
    assert staged(book) == before


def test_an_error_that_the_notebook_announces_is_kept(book: Path, run: Path) -> None:
    write(run / "notebooks" / "01-one.ipynb", code("x", tags=("raises-exception",), outputs=(ERROR,)))
    stage(run, book)
    assert staged(book)["cells"][0]["outputs"] == [ERROR]


def test_missing_run_and_missing_chapter_are_named(book: Path, run: Path) -> None:
    with pytest.raises(StagingError, match=r"no such run; make it with: harlib run config/none.yml"):
        stage(run.parent / "none", book)
    (run / "notebooks" / "02-two.ipynb").unlink()
    with pytest.raises(StagingError, match=r"not executed yet: 02-two;"):
        stage(run, book)


def test_a_run_that_does_not_fit_is_refused_in_one_line(book: Path, run: Path) -> None:
    stage(run, book)
    before = staged(book)
    with pytest.raises(
        StagingError, match=r"today's project would not give \(a; b; c; and 1 more\); .*one\.yml"
    ) as why:
        stage_book.stage(run, book, check=lambda _: ["a", "b", "c", "d"])
    assert "\n" not in str(why.value)
    assert staged(book) == before


def test_notebooks_executed_by_hand_do_not_fit(run: Path) -> None:
    assert any("does not fit: it is not executed yet" in line for line in stage_book.misfits(run))


def test_the_book_has_the_chapters_of_the_study() -> None:
    assert len(chapters(ROOT)) == 8


def test_every_file_that_a_page_reads_comes_to_a_book_elsewhere() -> None:
    pages = sorted((ROOT / "book").glob("*.md"))
    named = {name for page in pages for name in re.findall(r"\.\./(reference/[\w./-]+\.\w+)", page.read_text())}
    assert "reference/engines/sizes.csv" in named
    assert named <= set(build_book.SOURCES)
