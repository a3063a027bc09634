"""Numbers in words, for the sentences and tables that a notebook makes."""

from collections.abc import Iterable


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
