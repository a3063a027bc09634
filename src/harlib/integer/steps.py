"""Requantization as a step function of the accumulator: where its codes change, and where two factors disagree.

The code of accumulator A under a factor f >= 0 is zero_point + floor(A f + 1/2), clamped to low..high. It never falls
as A rises, so it is low plus the number of steps that A has reached: step s is reached from the threshold
T(s) = ceil((2 s - 1) / (2 f)) on. At most 255 thresholds describe all 2^24 accumulators. Two factors give A different
codes exactly if A lies between their thresholds of some step: thresholds rise with s, so equal numbers of steps reached
are the same steps. All of it in Python integers of any size: nothing is sampled or rounded.
"""

from fractions import Fraction
from typing import NamedTuple


class Requantization(NamedTuple):
    """What a channel's codes depend on besides the factor."""

    interval: tuple[int, int]  # lowest and highest accumulator
    zero_point: int
    clamp: tuple[int, int]  # lowest and highest code


def thresholds(factor: Fraction, channel: Requantization) -> list[int]:
    """Lowest accumulator that reaches each code above the clamp's low, in order; held within lower..upper + 1.

    >>> thresholds(Fraction(3, 4), Requantization((-9, 9), zero_point=0, clamp=(0, 5)))
    [1, 2, 4, 5, 6]
    """
    (lower, upper), zero_point, (low, high) = channel
    steps = range(low + 1 - zero_point, high + 1 - zero_point)
    if not factor:
        return [lower if step <= 0 else upper + 1 for step in steps]  # all accumulators give zero_point
    denominator, twice = factor.denominator, 2 * factor.numerator
    exact = [-((1 - 2 * step) * denominator // twice) for step in steps]
    return [lower if a < lower else a if a <= upper else upper + 1 for a in exact]


def differing(first: Fraction, second: Fraction, channel: Requantization) -> int:
    """Count the accumulators of the interval that the two factors give different codes.

    >>> differing(Fraction(3, 4), Fraction(5, 7), Requantization((0, 9), 0, (0, 255)))  # 2, 6 and 9
    3
    """
    count, reached = 0, channel.interval[0]
    for pair in zip(thresholds(first, channel), thresholds(second, channel), strict=True):
        if pair[0] != pair[1]:
            start, end = sorted(pair)  # these gaps come in ascending order, but may overlap
            count += max(0, end - max(start, reached))
            reached = max(reached, end)
    return count
