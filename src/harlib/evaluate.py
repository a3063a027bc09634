"""How sure we are: intervals over folds and subjects, paired tests between two stages."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64
from scipy import stats

Correct = Bool[np.ndarray, " n"]
Score = Correct | Float[np.ndarray, " n"]  # right or wrong, or the share of several networks that are right


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval, in the unit of the values.

    The ends are nan where the values do not vary: nothing then says how far the estimate may be off.
    """

    estimate: float
    low: float
    high: float

    def in_percent(self) -> str:
        """The estimate and, in brackets, the ends it has, as percent or points; empty where nothing is known.

        >>> Interval(0.0125, -0.00001, 0.02).in_percent()
        '1.25 (0.00 to 2.00)'
        """
        ends = "" if math.isnan(self.low) else f" ({self.ends()})"
        return "" if math.isnan(self.estimate) else f"{100 * self.estimate:z.2f}{ends}"

    def ends(self, form: str = "z.2f", unit: float = 100.0) -> str:
        """The ends alone, times `unit`, as a format string writes them (z: never -0.00); "none" where there are none.

        >>> Interval(0.0125, -0.00001, 0.02).ends(), Interval(1.0, math.nan, math.nan).ends()
        ('0.00 to 2.00', 'none')
        """
        if math.isnan(self.low):
            return "none"
        return " to ".join(f"{unit * end:{form}}" for end in (self.low, self.high))


class Bin(NamedTuple):
    """Samples whose value lies from `low` to `high`: how many, and the mean of their scores with its interval."""

    low: float
    high: float
    samples: int
    score: Interval


def over_folds(values: list[float]) -> Interval:
    """Mean over folds with Student's t interval; folds share training data, so read it as a guide.

    >>> [round(v, 2) for v in over_folds([99.27, 100.0, 99.27, 98.55, 100.0])]
    [99.42, 98.66, 100.17]
    """
    mean = float(np.mean(values))
    if len(values) < 2 or np.ptp(values) == 0:
        return Interval(mean, math.nan, math.nan)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=stats.sem(values))
    return Interval(mean, float(low), float(high))


def wilson(correct: Correct) -> Interval:
    """Share that is right with Wilson's interval (1927), which holds its level near 1 too.

    It takes samples for independent; where one subject's samples are alike it is too narrow (see `over_subjects`).

    >>> [round(v, 3) for v in wilson(np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], bool))]
    [0.9, 0.596, 0.982]
    """
    if not len(correct):
        return Interval(math.nan, math.nan, math.nan)
    found = stats.binomtest(int(correct.sum()), len(correct)).proportion_ci(method="wilson")
    return Interval(float(correct.mean()), float(found.low), float(found.high))


def over_subjects(score: Score, group: Int64[np.ndarray, " n"], seed: int = 0) -> Interval:
    """Accuracy in 0..1 with a bootstrap interval that resamples subjects, since one subject's samples are alike."""
    return _clustered(score.astype(float), group, seed)


def paired_drop(before: Score, after: Score, group: Int64[np.ndarray, " n"], seed: int = 0) -> Interval:
    """Accuracy lost from `before` to `after` on the same samples, in 0..1, bootstrapped over subjects.

    Args:
        before, after: whether each sample is classified right, or the share of networks that do so.
        group: subject of each sample.
    """
    return _clustered(before.astype(float) - after.astype(float), group, seed)


def unpaired_drop(
    before: Bool[np.ndarray, " n"] | Float[np.ndarray, " n"],
    before_group: Int64[np.ndarray, " n"],
    after: Bool[np.ndarray, " m"] | Float[np.ndarray, " m"],
    after_group: Int64[np.ndarray, " m"],
    seed: int = 0,
) -> Interval:
    """Accuracy lost from `before` to `after` on different samples, in 0..1, each bootstrapped over its own subjects.

    Args:
        before, after: whether each sample is classified right, or the share of networks that do so.
        before_group, after_group: subject of each sample.
    """
    estimate = float(before.mean() - after.mean())
    means = []
    for number, (score, group) in enumerate(((before, before_group), (after, after_group))):
        _, index = np.unique(group, return_inverse=True)
        totals, counts = np.bincount(index, score.astype(float)), np.bincount(index)
        if len(totals) < 2 or np.ptp(totals / counts) == 0:
            return Interval(estimate, math.nan, math.nan)
        drawn = np.random.default_rng([seed, number]).integers(0, len(totals), (9999, len(totals)))
        means.append(totals[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    low, high = np.quantile(means[0] - means[1], [0.025, 0.975])
    return Interval(estimate, float(low), float(high))


def over_bins(
    values: Float[np.ndarray, " n"],
    score: Float[np.ndarray, " n"],
    group: Int64[np.ndarray, " n"],
    bins: int = 5,
    seed: int = 0,
) -> list[Bin]:
    """Mean score where `values` is low, higher, ..., in bins of about equal size, bootstrapped over subjects.

    Args:
        values: what to sort the samples by; equal values stay together, so there may be fewer bins than asked for.
        score: of each sample: right or wrong, the share of networks that are right, or a difference of such shares.
        group: subject of each sample.
        bins: how many, 1 or more.

    >>> found = over_bins(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 0.0, 1.0]), np.array([0, 1, 0, 1]), 2)
    >>> [(b.low, b.high, b.samples, b.score.estimate) for b in found]
    [(1.0, 2.0, 2, 1.0), (3.0, 4.0, 2, 0.5)]
    """
    place = _places(values, bins)
    inside = [place == i for i in np.unique(place)]
    return [
        Bin(float(values[b].min()), float(values[b].max()), int(b.sum()), _clustered(score[b], group[b], seed))
        for b in inside
    ]


def _places(values: Float[np.ndarray, " n"], bins: int) -> Int64[np.ndarray, " n"]:
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins))
    return np.searchsorted(edges, values).astype(np.int64)


def calibration_error(confidence: Float[np.ndarray, " n"], correct: Score, bins: int = 10) -> float:
    """Expected calibration error: mean distance of accuracy from confidence, over bins of about equal size.

    Naeini et al. 2015; with bins of equal width (Guo et al. 2017) nearly all samples of a good network fall into one.
    It is above 0 by chance alone: compare with `calibration_by_chance`.

    Args:
        confidence: probability of the predicted class, 0..1.
        correct: whether the prediction is right.
        bins: of confidence, 1 or more.

    >>> calibration_error(np.array([0.5, 0.5, 1.0, 1.0]), np.array([True, True, True, True]), bins=2)
    0.25
    """
    return float(_calibration_errors(confidence, correct.astype(float)[None], bins)[0])


def calibration_by_chance(
    confidence: Float[np.ndarray, " n"], sample: Int64[np.ndarray, " n"], bins: int = 10, seed: int = 0
) -> float:
    """What 95 of 100 perfectly calibrated networks with these confidences stay below in `calibration_error`.

    Args:
        confidence: of each answer, 0..1.
        sample: which sample each answer is about. Networks that answer the same one share its draw: they tend to err
            together, and answers drawn apart would average out and give too low a level.
        bins, seed: of the calibration error, and of the draws.
    """
    draws = np.random.default_rng(seed).random((1000, int(sample.max()) + 1))
    drawn = draws[:, sample] < confidence
    return float(np.quantile(_calibration_errors(confidence, drawn.astype(float), bins), 0.95))


def _calibration_errors(
    confidence: Float[np.ndarray, " n"], score: Float[np.ndarray, "draws n"], bins: int
) -> Float[np.ndarray, " draws"]:
    place = _places(confidence, bins)
    total = np.zeros(len(score))
    for i in np.unique(place):
        total += np.abs((score - confidence)[:, place == i].sum(1))
    errors: Float[np.ndarray, " draws"] = total / len(confidence)
    return errors


def _clustered(values: np.ndarray, group: Int64[np.ndarray, " n"], seed: int) -> Interval:
    _, index = np.unique(group, return_inverse=True)
    totals, counts = np.bincount(index, values), np.bincount(index)
    estimate = float(values.mean())
    if len(totals) < 2 or np.ptp(totals / counts) == 0:
        return Interval(estimate, math.nan, math.nan)

    def ratio(total: np.ndarray, count: np.ndarray, axis: int = -1) -> np.ndarray:
        result: np.ndarray = total.sum(axis) / count.sum(axis)
        return result

    found = stats.bootstrap(
        (totals, counts),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=9999,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(estimate, float(found.low), float(found.high))


def mcnemar(before: Correct, after: Correct) -> float:
    """Exact p-value of McNemar's test (1947) that two classifiers err equally often on the same samples.

    It takes samples for independent; where errors gather in few subjects p is somewhat too small.

    >>> round(mcnemar(np.array([1, 1, 1, 1, 1, 0], bool), np.array([0, 0, 0, 0, 0, 1], bool)), 4)
    0.2188
    """
    lost, won = int((before & ~after).sum()), int((~before & after).sum())
    return float(stats.binomtest(lost, lost + won).pvalue) if lost + won else 1.0


def knee(zeros: Float[np.ndarray, " n"], accuracy: Float[np.ndarray, " n"]) -> int:
    """The point of a falling curve that lies farthest above the line from its first point to its last.

    This is the rule of Satopaa et al. 2011 (Finding a "Kneedle" in a Haystack) without smoothing.

    >>> knee(np.array([0.4, 0.6, 0.8, 0.9]), np.array([0.98, 0.97, 0.95, 0.60]))
    2
    """
    chord = np.interp(zeros, zeros[[0, -1]], accuracy[[0, -1]])
    return int((accuracy - chord).argmax())


def last_within(table: pd.DataFrame, limit: float) -> int | None:
    """The last row whose drop has an interval that ends at or below `limit`; None where none does.

    Args:
        table: points, the mildest first, with column drop_high.
        limit: of the drop against fp32, 0..1. An interval without ends counts as outside.
    """
    inside = np.flatnonzero((table["drop_high"] <= limit).to_numpy())
    return int(inside[-1]) if len(inside) else None
