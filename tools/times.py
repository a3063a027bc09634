"""Measure what the README says about time, and write it there: python tools/times.py [NAME ...]

On a machine that does nothing else. Without names all are measured, `test` last; the others keep what
reference/times.csv holds. Each study runs anew in a run of its own, which is removed afterwards.
"""

import csv
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "reference" / "times.csv"
README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=<!-- times -->\n).*?(?=<!-- end of times -->)", re.DOTALL)
COLUMNS = ("name", "wall_s", "processor_s", "largest_process_mib")
BIN = ROOT / ".venv" / "bin"
BOOK = ROOT / "_build" / "timed"
CLONE = BOOK / "clone"  # with an environment of its own

SAYS = {
    "environment": "`make environment` in a fresh clone, downloads included (they depend on the network)",
    "first": "a first result of one's own: the notebook command below, from an installed environment",
    "book": "`make book` from an installed environment: the published study and its book",
    "again": "`make book` again, nothing changed",
    "quick": "`make quick`",
    "smoke": "`make smoke`",
    "test": "`make test`",
}


def study(config: str, book: bool) -> list[list[str]]:
    """The commands of a study into runs/timed-<config>, and of its book."""
    run = f"timed-{config}"
    commands = [[f"{BIN}/harlib", "run", f"config/{config}.yml", "--run", run]]
    if book:
        build = ["workflow/build_book.py", "--run", f"runs/{run}", "--workspace", str(BOOK)]
        commands.append([f"{BIN}/python", *build])
    return commands


FIRST = [
    "notebooks/03-ternarization-analysis.ipynb",
    str(BOOK / "first.ipynb"),
    "-k",
    "python3",
    "-p",
    "threshold",
    "0.5",
]
WORK = {
    "environment": [
        ["git", "clone", "--quiet", str(ROOT), str(CLONE)],
        ["env", "PIP_NO_CACHE_DIR=1", "make", "-C", str(CLONE), "environment"],
    ],
    "first": [["mkdir", "-p", str(BOOK)], [f"{BIN}/papermill", *FIRST, "-p", "to_run", "runs/timed-first"]],
    "book": study("published", True),
    "again": study("published", True),
    "quick": study("quick", False),
    "smoke": study("smoke", False),
    "test": [["make", "test"]],
}


def measure(commands: list[list[str]]) -> tuple[float, float, float]:
    """Wall seconds and processor seconds of commands, and the memory of the largest process so far in MiB."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run(command, cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, used, after.ru_maxrss / 1024


def shown(seconds: float) -> str:
    """Seconds as one reads them.

    >>> shown(8.2), shown(97), shown(431)
    ('8 s', '97 s', '7 min 11 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if seconds >= 100 else f"{seconds:.0f} s"


def write(rows: dict[str, list[str]]) -> None:
    """Write the table of times and the README's block."""
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *([name, *rows[name]] for name in SAYS if name in rows)])
    README.write_text(BLOCK.sub(lambda _: block(rows), README.read_text()))


def block(rows: dict[str, list[str]]) -> str:
    """The README's table of times."""
    lines = ["| what | time | processor time |", "|---|--:|--:|"]
    lines += [f"| {SAYS[n]} | {shown(float(rows[n][0]))} | {shown(float(rows[n][1]))} |" for n in SAYS if n in rows]
    return "\n".join(lines) + "\n"


def read() -> dict[str, list[str]]:
    """What was measured before: a row a name."""
    if not TABLE.is_file():
        return {}
    with TABLE.open(newline="") as file:
        return {row[0]: row[1:] for row in list(csv.reader(file))[1:]}


def main() -> int:
    """Run as a program."""
    chosen = sys.argv[1:] or list(SAYS)
    if unknown := sorted(set(chosen) - set(SAYS)):
        print(f"unknown: {', '.join(unknown)}; known are {', '.join(SAYS)}", file=sys.stderr)
        return 1
    if "again" in chosen and "book" not in chosen:
        print("again: measure it with book, whose run it repeats", file=sys.stderr)
        return 1
    rows = read()
    folders = [BOOK, *(ROOT / "runs" / f"timed-{run}" for run in ("first", "published", "quick", "smoke"))]
    try:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        for name in (name for name in SAYS if name in chosen):
            rows[name] = [f"{value:.1f}" for value in measure(WORK[name])]
            print(f"{name}: {', '.join(f'{c} {v}' for c, v in zip(COLUMNS[1:], rows[name], strict=True))}", flush=True)
            write(rows)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
