"""Every reader of files from others, given thousands of broken ones: an error of ours each time (see fuzzing.py)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import fuzzing
import pytest

FEW, MANY = 200, 10_000
PROGRAM = Path(__file__).with_name("fuzzing.py")


def fuzz(reader, count, seed):
    """Run the program in a process of its own, since a reader in C may end it."""
    command = [sys.executable, str(PROGRAM), reader, str(count), str(seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [fuzzing.Counts(**json.loads(line)) for line in ended.stdout.splitlines()]


def check(found, count):
    assert found.inputs == found.refused + found.accepted == count
    assert found.refused > count / 10, "the changes hardly break anything"
    assert found.seconds_worst < fuzzing.SECONDS
    assert found.memory_mb < 512


def test_a_few_broken_inputs_of_each_reader():
    found = fuzz("all", FEW, 0)
    assert [counts.reader for counts in found] == list(fuzzing.READERS)
    for counts in found:
        check(counts, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("reader", fuzzing.READERS)
def test_many_broken_inputs(reader):
    (found,) = fuzz(reader, MANY, 1)
    check(found, MANY)


@pytest.mark.parametrize(
    "text",
    [
        "seed: 2001-99-99\n",
        "seed: " + "9" * 5000,
        "[" * 20_000,
        "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "!!python/object/apply:os.getcwd []\n",
        "seed: {deeper: 1}\n",
        "# " + "x" * 70_000,
    ],
    ids=["date", "digits", "depth", "aliases", "object", "nested", "large"],
)
def test_yaml_that_harms_is_refused(tmp_path, text):
    from harlib.errors import HarlibError
    from harlib.runs import read_yaml

    path = tmp_path / "bad.yml"
    path.write_text(text)
    with pytest.raises(HarlibError, match=r"bad\.yml"):
        read_yaml(path)


def test_a_message_stays_one_line_whatever_a_file_puts_into_it():
    from harlib.errors import HarlibError

    text = str(HarlibError("a\nb\x1b[31m" + "x" * 5000))
    assert text.startswith("a\\nb\\x1b[31m")
    assert text.isprintable()
    assert len(text) < 2010
