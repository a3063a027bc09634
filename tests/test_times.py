"""The tool that measures what the README says about time."""

import re
import sys

import pytest
from helpers import load_script

from harlib.project import project_root

ROOT = project_root()


@pytest.fixture
def times(monkeypatch, tmp_path):
    module = load_script(ROOT / "tools" / "times.py")
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text())
    monkeypatch.setattr(module, "TABLE", tmp_path / "times.csv")
    monkeypatch.setattr(module, "README", tmp_path / "README.md")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "BOOK", tmp_path / "book")
    return module


def test_what_is_measured_is_written_and_what_is_not_is_kept(times, monkeypatch):
    quick = [sys.executable, "-c", "sum(range(10**7))"]
    monkeypatch.setattr(times, "WORK", {name: [quick] for name in times.SAYS})
    monkeypatch.setattr(sys, "argv", ["times.py", "smoke"])
    times.TABLE.write_text("name,wall_s,processor_s,largest_process_mib\nbook,431.0,700.0,900.0\nsmoke,1.0,1.0,1.0\n")
    assert times.main() == 0
    header, book, smoke = times.TABLE.read_text().splitlines()
    assert header == "name,wall_s,processor_s,largest_process_mib"
    assert book == "book,431.0,700.0,900.0"
    name, wall, processor, memory = smoke.split(",")
    assert name == "smoke"
    assert 0 < float(processor) <= float(wall) + 0.1
    assert 1 < float(memory) < 10_000
    block = times.BLOCK.search(times.README.read_text()).group()
    assert "| `make smoke` | " in block
    assert "| 7 min 11 s | 11 min 40 s |" in block
    assert block.count("\n") == 4


def test_every_time_in_the_readme_is_a_measured_one():
    times = load_script(ROOT / "tools" / "times.py")
    rows, text = times.read(), times.README.read_text()
    assert list(rows) == list(times.SAYS)
    assert times.BLOCK.search(text).group() == times.block(rows)
    typed = re.findall(r"\d+ (?:s|seconds?|min|minutes?|h|hours?)\b", times.BLOCK.sub("", text))
    assert typed == []


@pytest.mark.parametrize("arguments", [["again"], ["nothing"]])
def test_what_cannot_be_measured_is_refused(times, monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["times.py", *arguments])
    assert times.main() == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not times.TABLE.exists()
