"""Which class and which person a file belongs to: from the names of its folders, or from a table."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from harlib.errors import HarlibError
from harlib.importing.limits import MOST_TEXT, check_bytes

Layout = Literal["class/subject", "subject/class"]
LAYOUTS = get_args(Layout)


def from_folders(files: Sequence[Path], root: Path, layout: Layout) -> tuple[list[str], list[str]]:
    """Class and subject of each file, by the two folders that it lies in.

    Raises:
        HarlibError: a file that lies at another depth.
    """
    classes, subjects = [], []
    for path in files:
        parts = path.relative_to(root).parts
        if len(parts) != 3:
            raise HarlibError(
                f"{path}: expected {root}/{layout}/file; with folders by class only, give --groups FILE.csv "
                "or say --no-groups"
            )
        at = LAYOUTS.index(layout)
        classes.append(parts[at])
        subjects.append(parts[1 - at])
    return classes, subjects


def from_class_folders(files: Sequence[Path], root: Path) -> list[str]:
    """Class of each file, by the one folder that it lies in.

    Raises:
        HarlibError: a file that lies at another depth.
    """
    for path in files:
        if len(path.relative_to(root).parts) != 2:
            raise HarlibError(f"{path}: expected {root}/class/file; folders by subject need --layout instead")
    return [path.parent.name for path in files]


def from_table(files: Sequence[Path], root: Path, table: Path) -> list[str]:
    """Subject of each file by a .csv table with the columns file (relative to the folder) and group.

    Raises:
        HarlibError: no such table, other columns, a file named twice, or a file that the table leaves out.
    """
    check_bytes(table, MOST_TEXT)
    subjects: dict[str, str] = {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as text:
            rows = csv.DictReader(text)
            if not {"file", "group"} <= set(rows.fieldnames or ()):
                raise HarlibError(f"{table}: columns are {rows.fieldnames}, expected file and group in the first line")
            for row in rows:
                name, group = (row["file"] or "").strip(), (row["group"] or "").strip()
                if not name or not group or subjects.get(name, group) != group:
                    raise HarlibError(f"{table}, line {rows.line_num}: expected one group a file, found {name!r}")
                subjects[name] = group
    except (UnicodeDecodeError, csv.Error) as error:
        raise HarlibError(f"{table} is no readable .csv table ({error}): save it as UTF-8") from None
    names = [path.relative_to(root).as_posix() for path in files]
    if missing := [name for name in names if name not in subjects]:
        raise HarlibError(f"{table} leaves out {missing[0]} (and {len(missing) - 1} more): add a line for each")
    return [subjects[name] for name in names]
