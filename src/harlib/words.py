"""Numbers in sentences and tables: ranges in words, commas at the thousands, columns that hold nothing but numbers."""

import re
from collections.abc import Iterable

_NUMBER = r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
_CELL = re.compile(rf"{_NUMBER}(?: to {_NUMBER})?(?:\s*\((?:{_NUMBER} to {_NUMBER}|no interval)\))?")
_NOTHING = ("", "none")


def span(values: Iterable[int | float], form: str = ",") -> str:
    """From the least to the largest of some values; one number where both read the same.

    Args:
        values: one or more, in the unit of the text.
        form: how to write each, as in a format string.

    >>> span([1246, 1251, 1250]), span([0.4501, 0.4503], ".1%")
    ('1,246 to 1,251', '45.0%')
    """
    held = list(values)
    least, largest = (f"{value:{form}}" for value in (min(held), max(held)))
    return least if least == largest else f"{least} to {largest}"


def is_numeric(cells: Iterable[str]) -> bool:
    """Whether the cells of a column are numbers, with an interval or a range perhaps, and nothing else.

    >>> is_numeric(["0.18 (-0.06 to 0.44)", ""]), is_numeric(["4", "gcc 12"]), is_numeric(["", ""])
    (True, False, False)
    """
    held = [cell for cell in cells if cell not in _NOTHING]
    return bool(held) and all(_CELL.fullmatch(cell) for cell in held)


def grouped(text: str) -> str:
    """A cell of numbers with commas at the thousands; a zero in scientific notation is 0.

    >>> grouped("1380"), grouped("12297926.5 (-0.5 to +1000)"), grouped("2.3e-02"), grouped("0.0e+00")
    ('1,380', '12,297,926.5 (-0.5 to +1,000)', '2.3e-02', '0')
    """
    return re.sub(_NUMBER, _grouped, text)


def _grouped(found: re.Match[str]) -> str:
    number = found[0].replace(",", "")
    if "e" in number:
        return number if float(number) else "0"
    return re.sub(r"^([+-]?)(\d+)", lambda part: f"{part[1]}{int(part[2]):,}", number)
