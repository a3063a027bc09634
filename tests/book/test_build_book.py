"""The book of a run in miniature builds without a warning, and a mistake in it does not go unseen."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toy_run

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def build(run: Path, workspace: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "workflow" / "build_book.py", "--run", run, "--workspace", workspace]
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_run.make(tmp_path_factory.mktemp("runs") / "toy")


def test_builds_once_and_again_only_when_something_changed(run: Path, tmp_path: Path) -> None:
    built = build(run, tmp_path)
    page = tmp_path / "_build" / "html" / "book" / "intro.html"
    assert built.returncode == 0, built.stderr
    assert built.stdout.splitlines()[-1].endswith(f"open {tmp_path / '_build' / 'html' / 'index.html'}")
    assert "98.50" in page.read_text()
    first = page.stat().st_mtime_ns
    assert build(run, tmp_path).returncode == 0
    assert page.stat().st_mtime_ns == first
    (run / "figures" / "spectrograms.svg").write_text(toy_run.SVG + "\n")
    assert build(run, tmp_path).returncode == 0
    assert page.stat().st_mtime_ns > first


def test_a_missing_figure_and_a_missing_number_fail_the_build(run: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    (broken / "figures" / "accuracy-by-stage.svg").unlink()
    results = broken / "notebooks" / "08-results.ipynb"
    results.write_text(results.read_text().replace("zeros_percent", "zeroes_percent"))
    built = build(broken, tmp_path / "work")
    assert built.returncode == 1
    assert "accuracy-by-stage.svg" in built.stderr
    assert "zeros_percent" in built.stderr
    assert not (tmp_path / "work" / "_build" / "book.stamp").exists()
