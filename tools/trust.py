"""Write the tables of book/trust.md: what became of broken inputs, and of runs that were killed or found no room.

python tools/trust.py fuzz [--inputs 10000] [--seed 1]      book/tables/fuzz.csv, as tests/fuzzing.py counts
python tools/trust.py faults                                book/tables/faults.csv; needs runs/smoke, takes minutes
"""

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "book" / "tables"
READ = ("reader", "inputs", "refused", "read", "slowest (ms)", "memory (MB)")
TRIED = ("what happens", "times", "and then")
SAME = "the next run ends with the files of an undisturbed one"
LINE = "stops with one line; nothing is lost"

# Test, what it does, and what it holds; tests that do something more than once say how often (record_property).
FAULTS = {
    "test_faults::test_killed_during_each_write_in_turn": ("a stage is killed (kill -9) at one of its writes", SAME),
    "test_faults::test_killed_at_ten_random_times_the_study_ends_as_if_undisturbed": (
        "the smoke study is killed (kill -9) at a random time, alone or with all that it started",
        SAME,
    ),
    "test_faults::test_a_full_disk_stops_with_an_error_and_the_next_run_is_whole": ("the disk is full", LINE),
    "test_faults::test_a_read_only_folder_stops_with_an_error": ("the folder is read-only", LINE),
    "test_smoke::test_killed_on_the_way_it_resumes_with_the_same_metrics_on_other_workers": (
        "a second run starts in the same folder",
        "it is refused, and says why; the first goes on",
    ),
    "test_smoke::test_a_damaged_checkpoint_is_made_again": ("a checkpoint is cut off", SAME),
    "test_smoke::test_a_failing_notebook_ends_in_one_line": ("the data file is damaged", LINE),
    "test_interrupted_install::test_a_killed_install_is_finished_by_the_next_call": (
        "the installation is killed (kill -9) on its way",
        "the next call completes it: every file of every package",
    ),
    "test_interrupted_install::test_a_killed_update_is_finished_by_the_next_call": (
        "the change to another version of a package is killed",
        "the next call completes it: every file of every package",
    ),
}


class TrustError(Exception):
    """A test failed or did not run; its text is one line."""


def fuzz(lines: list[str]) -> list[tuple[str, ...]]:
    """Turn what tests/fuzzing.py printed, a JSON object a line, into rows of the table."""
    found = [json.loads(line) for line in lines]
    return [
        (
            row["reader"],
            f"{row['inputs']:,}",
            f"{row['refused']:,}",
            f"{row['accepted']:,}",
            f"{1000 * row['seconds_worst']:.1f}",
            f"{row['memory_mb']:.1f}",
        )
        for row in found
    ]


def faults(report: str) -> list[tuple[str, ...]]:
    """Turn pytest's report (junit XML) into rows of the table.

    Raises:
        TrustError: a test of FAULTS failed, was skipped, or did not run.
    """
    times: dict[str, int] = defaultdict(int)
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = f"{case.get('classname', '').split('.')[-1]}::{case.get('name', '').split('[')[0]}"
        if name not in FAULTS:
            continue
        if any(case.find(bad) is not None for bad in ("failure", "error", "skipped")):
            raise TrustError(f"{name} did not pass")
        said = {item.get("name"): item.get("value") for item in case.iter("property")}
        times[name] += int(said.get("times") or 1)
    if missing := [name for name in FAULTS if name not in times]:
        raise TrustError(f"{missing[0]} did not run")
    return [(what, str(times[name]), then) for name, (what, then) in FAULTS.items()]


def write(name: str, rows: list[tuple[str, ...]]) -> None:
    """Write a table into the book."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    (TABLES / name).write_text(text.getvalue())
    print(f"book/tables/{name} is written")


def run_fuzz(inputs: int, seed: int) -> None:
    """Give broken inputs to every reader."""
    command = [sys.executable, str(ROOT / "tests" / "fuzzing.py"), "all", str(inputs), str(seed)]
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        raise TrustError("a reader broke a rule; the input stays in the folder that the message above names")
    write("fuzz.csv", [READ, *fuzz(ended.stdout.splitlines())])


def run_faults() -> None:
    """Run the tests of FAULTS."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-o", "junit_family=xunit1", f"--junitxml={report}"]  # a family that keeps properties
        tests = [f"tests/{name.replace('::', '.py::')}" for name in FAULTS]
        subprocess.run([sys.executable, "-m", "pytest", "-q", *options, *tests], cwd=ROOT, check=False)
        write("faults.csv", [TRIED, *faults(report.read_text())])


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["fuzz", "faults"])
    parser.add_argument("--inputs", type=int, default=10_000, help="broken inputs a reader (fuzz)")
    parser.add_argument("--seed", type=int, default=1, help="of the changes (fuzz)")
    options = parser.parse_args()
    try:
        run_fuzz(options.inputs, options.seed) if options.what == "fuzz" else run_faults()
    except TrustError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
