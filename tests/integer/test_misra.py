"""cppcheck's MISRA C:2012 add-on on exported C: what it finds is exactly what reference/engines/misra.csv explains."""

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harlib.integer.c.source import BACKENDS, sources
from harlib.integer.exactness import with_multiplier_bits
from harlib.integer.model import load
from harlib.project import project_root

ROOT = project_root()
GOLDEN = Path(__file__).with_name("golden.json")
PUBLISHED = ROOT / "reference" / "published" / "models" / "fold0.json"
with (ROOT / "reference" / "engines" / "misra.csv").open() as file:
    DEVIATIONS = {row["rule"]: row for row in csv.DictReader(file)}


def found(model, folder, backends=tuple(BACKENDS)):
    """Rules that the exported C of a model deviates from, by back end; other errors and warnings fail."""
    rules = {}
    for backend in backends:
        for name, text in sources(model, backend).items():
            (folder / name).write_text(text)
        options = ["--std=c99", "--addon=misra", "--enable=style", "--quiet", "--template={severity} {id} {line}"]
        files = [str(folder / name) for name in ("harlib_model.c", "main.c")]
        done = subprocess.run(["cppcheck", *options, *files], capture_output=True, text=True)
        lines = done.stderr.splitlines()
        if any("misra.py" in line for line in lines):
            pytest.skip("cppcheck has no MISRA add-on")
        assert done.returncode == 0, done.stderr
        assert not [line for line in lines if re.match("(error|warning|portability) ", line)]
        rules[backend] = set(re.findall(r"misra-c2012-([\d.]+)", done.stderr))
    return rules


def wide_model(path):
    return with_multiplier_bits(load(path), 31)


needs_cppcheck = pytest.mark.skipif(shutil.which("cppcheck") is None, reason="no cppcheck: tools/system-packages.sh c")


@needs_cppcheck
def test_exported_code_deviates_from_the_listed_rules_and_no_others(tmp_path):
    runs = [
        found(load(GOLDEN), tmp_path),
        found(wide_model(GOLDEN), tmp_path),
        found(load(PUBLISHED), tmp_path, ["compact"]),
    ]
    assert set.union(*(rules for run in runs for rules in run.values())) == set(DEVIATIONS)


@needs_cppcheck
@pytest.mark.slow
@pytest.mark.parametrize("fold", range(5))
def test_published_models_deviate_from_listed_rules_only(fold, tmp_path):
    path = PUBLISHED.with_name(f"fold{fold}.json")
    runs = [found(load(path), tmp_path), found(wide_model(path), tmp_path)]
    seen = {backend: set.union(*(run[backend] for run in runs)) for backend in BACKENDS}
    assert set.union(*seen.values()) == set(DEVIATIONS)
    for rule, row in DEVIATIONS.items():
        where = {backend for backend, rules in seen.items() if rule in rules}
        assert where == (set(BACKENDS) if row["where"] in ("all", "the example") else set(row["where"].split(", ")))


@needs_cppcheck
def test_a_deviation_that_is_not_listed_is_seen(tmp_path):
    bad = tmp_path / "bad.c"
    bad.write_text("int f(int a);\nint f(int a)\n{\n    if (a) {\n        a = 1;\n    }\n    return a;\n}\n")
    options = ["--addon=misra", "--enable=style", "--quiet"]
    done = subprocess.run(["cppcheck", *options, str(bad)], capture_output=True, text=True)
    assert "misra-c2012-14.4" in done.stderr
    assert "14.4" not in DEVIATIONS


def test_each_deviation_has_its_reason():
    for row in DEVIATIONS.values():
        assert row["category"] in ("required", "advisory")
        assert len(row["reason"]) > 20
