"""The tables of the page on trust are made from what the tests counted, and only from tests that passed."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import fuzzing
import pytest
from helpers import load_script

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def trust():
    return load_script(ROOT / "tools" / "trust.py")


def report(trust, more=""):
    cases = []
    for name in trust.FAULTS:
        module, test = name.split("::")
        cases.append(f'<testcase classname="tests.{module}" name="{test}[a]">{more}</testcase>')
    return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"


def test_each_fault_is_a_test_that_exists(trust):
    for name in trust.FAULTS:
        module, test = name.split("::")
        assert f"def {test}(" in (ROOT / "tests" / f"{module}.py").read_text()


def test_rows_say_how_often_over_all_cases_of_a_test(trust):
    said = '<properties><property name="times" value="7" /></properties>'
    twice = report(trust, said).replace("</testsuite>", report(trust).split("<testsuite>")[1].split("</testsuites>")[0])
    assert [row[1] for row in trust.faults(twice)] == ["8"] * len(trust.FAULTS)


@pytest.mark.parametrize("bad", ["failure", "error", "skipped"])
def test_what_did_not_pass_is_no_row(trust, bad):
    with pytest.raises(trust.TrustError, match="did not pass"):
        trust.faults(report(trust, f"<{bad} />"))


def test_what_did_not_run_is_named(trust):
    name = list(trust.FAULTS)[-1].split("::")[1]
    with pytest.raises(trust.TrustError, match=f"{name} did not run"):
        trust.faults(report(trust).replace(name, "other"))


def test_the_committed_tables_are_of_todays_readers_and_faults(trust):
    with (ROOT / "book" / "tables" / "fuzz.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == trust.READ
    assert [row[0] for row in rows] == list(fuzzing.READERS)
    for _, inputs, refused, read, *_ in rows:
        assert inputs == "10,000"
        assert int(refused.replace(",", "")) + int(read.replace(",", "")) == 10_000
    with (ROOT / "book" / "tables" / "faults.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == trust.TRIED
    assert [(what, then) for what, _, then in rows] == list(trust.FAULTS.values())


def test_counts_become_a_row(trust):
    counts = fuzzing.Counts("a reader", 1000, 900, 100, 0.00123, 4.56)
    assert trust.fuzz([json.dumps(asdict(counts))]) == [("a reader", "1,000", "900", "100", "1.2", "4.6")]
