"""Write book/tables/fuzz.csv: what became of broken inputs of each reader, as tests/fuzzing.py counts them.

python tools/trust.py [--inputs 10000] [--seed 1]
"""

import argparse
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "book" / "tables" / "fuzz.csv"
COLUMNS = ("reader", "inputs", "refused", "read", "slowest, ms", "memory, MB")


def rows(lines: list[str]) -> list[tuple[str, ...]]:
    """Turn what the program printed, a JSON object a line, into rows of the table."""
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


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="broken inputs a reader")
    parser.add_argument("--seed", type=int, default=1, help="of the changes")
    options = parser.parse_args()
    command = [sys.executable, str(ROOT / "tests" / "fuzzing.py"), "all", str(options.inputs), str(options.seed)]
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        print("A reader broke a rule; the input stays in the folder that the message above names", file=sys.stderr)
        return 1
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows(ended.stdout.splitlines())])
    TABLE.write_text(text.getvalue())
    print(f"{TABLE.relative_to(ROOT)} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
