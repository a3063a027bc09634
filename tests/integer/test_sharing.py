"""Shared parts leave every sum's value as it was, and never take more additions."""

from hypothesis import given
from hypothesis import strategies as st

from harlib.integer.c.sharing import WINDOW, groups, share

SUMS = st.lists(st.dictionaries(st.integers(0, 9), st.sampled_from([1, -1]), max_size=10), max_size=8)
VALUES = st.lists(st.integers(-255, 255), min_size=10, max_size=10)


@given(SUMS, VALUES)
def test_sums_keep_their_values(sums, values):
    parts, shared = share(sums)
    held = {variable: values[variable] for one in sums for variable in one}
    for number, part in parts.items():
        assert number not in held
        held[number] = held[part.first] + part.sign * held[part.second]
    for before, after in zip(sums, shared, strict=True):
        assert sum(sign * held[variable] for variable, sign in after.items()) == sum(
            sign * values[variable] for variable, sign in before.items()
        )


@given(SUMS)
def test_additions_are_fewer_and_no_pair_is_left_twice(sums):
    parts, shared = share(sums)
    assert len(parts) + sum(map(len, shared)) <= sum(map(len, sums))
    found = set()
    for one in shared:
        for first in one:
            for second in one:
                if first < second:
                    pair = (first, second, one[first] * one[second])
                    assert pair not in found
                    found.add(pair)


@given(SUMS, st.integers(2, 5))
def test_every_variable_is_in_one_group(sums, size):
    found = groups(sums, size)
    assert all(0 < len(group) <= size for group in found)
    assert sorted(variable for group in found for variable in group) == sorted({v for one in sums for v in one})


def test_what_occurs_together_is_put_together():
    sums = [{0: 1, 3: 1, 1: 1}, {0: -1, 3: -1, 2: 1}, {1: 1, 2: 1}, {1: -1, 2: -1}]
    assert sorted(map(sorted, groups(sums, 2))) == [[0, 3], [1, 2]]


def test_far_variables_are_not_looked_at_together_so_that_wide_layers_end():
    sums = [dict.fromkeys(range(2500), 1)] * 8
    found = groups(sums, 4)
    assert sorted(variable for group in found for variable in group) == list(range(2500))
    assert all(min(group) // WINDOW == max(group) // WINDOW for group in found)
