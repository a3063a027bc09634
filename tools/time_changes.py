"""Measure the commands of the page "Change one thing": python tools/time_changes.py [NUMBER ...]

Each is run as it stands there, from runs/quick. Its processor time goes to book/tables/changes.csv, which the page
shows; without numbers all ten are measured. The executed notebooks stay in _build/changes, to look at what the page
says is to be seen there.
"""

import csv
import re
import shlex
import shutil
import sys
from pathlib import Path

from times import BIN, ROOT, measure

PAGE = ROOT / "book" / "change-one-thing.md"
TABLE = ROOT / "book" / "tables" / "changes.csv"
COLUMNS = ("change", "chapter", "processor time (s)")
QUICK = ROOT / "runs" / "quick"
RESULTS = "runs/timed-change"
HEADING = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
COMMAND = re.compile(r"^\.venv/bin/papermill (notebooks/(\d+)-\S+\.ipynb) out\.ipynb ((?:.*\\\n)*.*)$", re.MULTILINE)


def changes(page: str) -> dict[int, tuple[str, str, str, list[str]]]:
    """Of each change of the page: its heading, the chapter, the notebook and the other arguments to papermill."""
    found = {}
    for place in HEADING.finditer(page):
        command = COMMAND.search(page, place.end())
        if command is None:
            raise ValueError(f"{PAGE.name}: no command under {place.group()}")
        notebook, chapter, rest = command.groups()
        found[int(place[1])] = (place[2], str(int(chapter)), notebook, shlex.split(rest.replace("\\\n", "")))
    return found


def seconds(notebook: str, arguments: list[str], out: Path) -> float:
    """The processor seconds of one command whose results nothing else uses."""
    shutil.rmtree(ROOT / RESULTS, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        command = [f"{BIN}/papermill", notebook, str(out), *arguments, "--no-progress-bar", "-p", "to_run", RESULTS]
        return measure([command])[1]
    finally:
        shutil.rmtree(ROOT / RESULTS, ignore_errors=True)


def main() -> int:
    """Run as a program."""
    every = changes(PAGE.read_text(encoding="utf-8"))
    chosen = [int(number) for number in sys.argv[1:]] or list(every)
    if unknown := sorted(set(chosen) - set(every)):
        print(f"unknown: {', '.join(map(str, unknown))}; the page has 1 to {len(every)}", file=sys.stderr)
        return 1
    if not (QUICK / "manifest.json").is_file():
        print("runs/quick is missing: make quick", file=sys.stderr)
        return 1
    rows = {}
    if TABLE.is_file():
        with TABLE.open(newline="", encoding="utf-8") as file:
            rows = {row[0]: row[1:] for row in list(csv.reader(file))[1:]}
    for number in chosen:
        title, chapter, notebook, arguments = every[number]
        used = seconds(notebook, arguments, ROOT / "_build" / "changes" / f"{number:02}.ipynb")
        rows[title] = [chapter, f"{used:.0f}"]
        print(f"{number}. {title}: {used:.0f} s", flush=True)
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS, *([name, *rows[name]] for name, *_ in every.values() if name in rows)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
