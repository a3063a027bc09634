"""Sums that share their parts: x + y or x - y that several of them need is formed once.

Greedy elimination of the most frequent pair (Hartley 1996, "Subexpression sharing in filters using canonic signed digit
multipliers", IEEE Trans. Circuits and Systems II 43(10), section III).
"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

Sum = dict[int, int]  # a variable's number: its sign, 1 or -1
WINDOW = 64  # variables that are looked at together: the work grows with the square


@dataclass(frozen=True)
class Part:
    """A variable that is formed: first + second, or first - second where the sign is -1."""

    first: int
    second: int
    sign: int


def groups(sums: list[Sum], size: int) -> list[list[int]]:
    """Put variables together that often occur in pairs: those of a group share parts among themselves only.

    So the numbers that are alive at a time are few enough for registers.

    Args:
        sums: as `share` takes them.
        size: the most variables in a group, at least 2.

    >>> groups([{0: 1, 1: 1, 2: 1, 3: 1}, {0: 1, 2: -1, 3: -1}, {0: 1, 1: -1, 2: -1, 3: -1}], 2)
    [[2, 3], [0, 1]]
    """
    variables = sorted({variable for one in sums for variable in one})
    return [
        group
        for first in range(0, len(variables), WINDOW)
        for group in _groups(sums, variables[first : first + WINDOW], size)
    ]


def _groups(sums: list[Sum], left: list[int], size: int) -> list[list[int]]:
    saved = Counter[tuple[int, int]]()
    for (first, second, _), count in _pairs([{v: one[v] for v in left if v in one} for one in sums]).items():
        saved[first, second] += count - 1
    found = []
    while left:
        group: list[int] = []
        while left and len(group) < size:
            if group:
                gains = {new: sum(saved[min(new, old), max(new, old)] for old in group) for new in left}
                group.append(max(left, key=gains.__getitem__))
            else:
                group.append(max(combinations(left, 2), key=saved.__getitem__, default=left)[0])
            left.remove(group[-1])
        found.append(group)
    return found


def _pairs(sums: list[Sum]) -> Counter[tuple[int, int, int]]:
    return Counter(
        (first, second, one[first] * one[second]) for one in sums for first, second in combinations(sorted(one), 2)
    )


def share(sums: list[Sum]) -> tuple[dict[int, Part], list[Sum]]:
    """Take out of sums what more than one of them has.

    Args:
        sums: over variables with numbers from 0.

    Returns:
        The variables that are new, numbered after the others, by number: each is formed of earlier ones; and the sums,
        over old and new variables. Their values are the same, and additions are never more than before.

    >>> share([{0: 1, 1: 1, 2: 1}, {0: -1, 1: -1}])
    ({3: Part(first=0, second=1, sign=1)}, [{2: 1, 3: 1}, {3: -1}])
    """
    sums = [dict(one) for one in sums]
    parts: dict[int, Part] = {}
    number = 1 + max((variable for one in sums for variable in one), default=-1)
    while True:
        pairs = _pairs(sums)
        if not pairs:
            return parts, sums
        (first, second, sign), count = max(pairs.items(), key=lambda pair: pair[1])
        if count < 2:
            return parts, sums
        for one in sums:
            if first in one and second in one and one[first] * one[second] == sign:
                one[number] = one.pop(first)
                del one[second]
        parts[number] = Part(first, second, sign)
        number += 1
