"""The C engine from Python: as the oracle, cached, and replaced by it where there is no compiler."""

import csv
from pathlib import Path

import numpy as np
import pytest

from harlib.errors import HarlibError
from harlib.integer import native, oracle
from harlib.integer.model import load
from harlib.project import project_root
from integer.examples import inputs

GOLDEN = load(Path(__file__).with_name("golden.json"))
needs_compiler = pytest.mark.skipif(native.find_compiler() is None, reason="no C compiler: tools/system-packages.sh c")


@needs_compiler
def test_strided_empty_and_three_axis_inputs_are_as_the_oracle_takes_them(cache):
    engine = native.Native(GOLDEN)
    x = inputs(GOLDEN, 6)
    for view in (x[::2], x[::-1], x[:0], x[:, 0], np.asfortranarray(x)):
        found = engine(view)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, oracle.run(GOLDEN, view))


@needs_compiler
@pytest.mark.parametrize("x", [np.zeros((1, 2, 3)), np.zeros((1, 9, 9), np.uint8)])
def test_errors_are_those_of_the_oracle(x, cache):
    with pytest.raises(HarlibError) as expected:
        oracle.run(GOLDEN, x)
    with pytest.raises(HarlibError) as found:
        native.Native(GOLDEN)(x)
    assert str(found.value) == str(expected.value)


@needs_compiler
def test_a_model_is_compiled_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HARLIB_CACHE", str(tmp_path))
    native.Native(GOLDEN)
    (library,) = tmp_path.iterdir()
    before = library.stat().st_mtime_ns
    native.Native(GOLDEN)
    assert library.stat().st_mtime_ns == before
    native.Native(GOLDEN, backend="compact")
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_compiler_the_oracle_answers(monkeypatch):
    monkeypatch.setattr(native, "find_compiler", lambda: None)
    x = inputs(GOLDEN, 3)
    engine = native.engine(GOLDEN)
    assert not isinstance(engine, native.Native)
    np.testing.assert_array_equal(engine(x), oracle.run(GOLDEN, x))
    with pytest.raises(HarlibError, match="none of"):
        native.Native(GOLDEN)


def test_a_compiler_that_fails_is_named_and_the_oracle_answers(tmp_path, monkeypatch):
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho no license >&2\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setenv("HARLIB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(HarlibError, match=r"status 7, no license"):
        native.Native(GOLDEN, str(broken))
    monkeypatch.setattr(native, "find_compiler", lambda: str(broken))
    with pytest.warns(UserWarning, match="no license; the NumPy engine takes over"):
        assert not isinstance(native.engine(GOLDEN), native.Native)


def test_the_page_says_of_the_targets_what_the_table_says():
    with (project_root() / "reference" / "engines" / "host.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["engine"]: row for row in csv.DictReader(file)}
    ratio = next(name for name in rows["C fast, AVX2"] if name.startswith("times as fast as"))
    reached = [float(rows[name][ratio]) >= aim for name, aim in (("C fast, AVX2", 6), ("C fast, -O2", 3))]
    page = (project_root() / "book" / "measured-cost.md").read_text(encoding="utf-8")
    assert ("**both are\nreached**" in page) == all(reached)
