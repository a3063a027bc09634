"""Ranges in words: two ends only where they read differently."""

import math

import pytest

from harlib import words
from harlib.evaluate import Interval


@pytest.mark.parametrize(
    ("values", "form", "text"),
    [
        ([1246, 1246, 1246], ",", "1,246"),
        ([5], ",", "5"),
        ([1251, 1246, 1250], ",", "1,246 to 1,251"),
        ([45.01, 45.04], ".1f", "45.0"),
        ([45.01, 45.06], ".1f", "45.0 to 45.1"),
        ([-2, -2.0], "g", "-2"),
    ],
)
def test_a_span_names_equal_ends_once(values, form, text):
    assert words.span(iter(values), form) == text


def test_an_interval_has_both_ends_or_none():
    """Unlike a span of what was seen, an interval that is narrower than its digits still has two ends."""
    assert Interval(0.5, 0.49999, 0.50001).ends() == "50.00 to 50.00"
    assert Interval(0.5, -0.00001, 0.00001).ends("+z.1f", unit=1.0) == "+0.0 to +0.0"
    assert Interval(0.5, math.nan, math.nan).ends() == "none"
    assert Interval(0.5, math.nan, math.nan).in_percent() == "50.00"
