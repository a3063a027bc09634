"""Intervals and tests against statsmodels-free textbook formulas and simulation."""

import math

import numpy as np
import pandas as pd
import pytest

from harlib import evaluate


def test_t_interval_by_the_formula():
    values = [97.0, 98.0, 99.0, 98.5, 97.5]
    mean, sd = np.mean(values), np.std(values, ddof=1)
    half = 2.7764451051977987 * sd / math.sqrt(5)  # t of 4 degrees of freedom at 97.5 %, from a table
    assert evaluate.over_folds(values) == pytest.approx((mean, mean - half, mean + half))


@pytest.mark.parametrize("values", [[99.0], [99.0, 99.0]])
def test_one_value_or_equal_values_have_no_interval(values):
    assert evaluate.over_folds(values) == pytest.approx((99, math.nan, math.nan), nan_ok=True)


def test_clustered_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(100):
        skill = np.clip(rng.normal(0.9, 0.08, 30), 0, 1)
        group = np.repeat(np.arange(30), 46)
        correct = rng.random(30 * 46) < skill[group]
        interval = evaluate.over_subjects(correct, group, seed=trial)
        covered += interval.low <= np.clip(0.9, 0, 1) <= interval.high
    assert covered >= 85


def test_clustering_widens_the_interval_when_subjects_differ():
    group = np.repeat(np.arange(10), 50)
    correct = np.repeat(np.arange(10) % 2 == 0, 50)
    alike = evaluate.over_subjects(correct, group)
    single = evaluate.over_subjects(correct, np.arange(500))
    assert alike.high - alike.low > 3 * (single.high - single.low)


def test_paired_drop_of_equal_answers_is_zero_without_an_interval():
    correct = np.random.default_rng(0).random(100) < 0.9
    drop = evaluate.paired_drop(correct, correct, np.arange(100) // 10)
    assert drop == pytest.approx((0, math.nan, math.nan), nan_ok=True)


def test_mcnemar_is_the_sign_test_on_discordant_pairs():
    before = np.array([True] * 9 + [False] * 1 + [True] * 50)
    after = np.array([False] * 9 + [True] * 1 + [True] * 50)
    exact = 2 * sum(math.comb(10, k) for k in range(2)) / 2**10
    assert evaluate.mcnemar(before, after) == pytest.approx(exact)
    assert evaluate.mcnemar(before, before) == 1


def test_bins_hold_every_sample_once_and_score_as_a_loop_over_people_does():
    rng = np.random.default_rng(0)
    values, group = rng.normal(size=600), rng.integers(0, 20, 600)
    score = (rng.random(600) < 0.5 + 0.1 * values.clip(-3, 3)).astype(float)
    bins = evaluate.over_bins(values, score, group, 4)
    assert [b.samples for b in bins] == [150] * 4
    ordered = np.sort(values)
    assert [(b.low, b.high) for b in bins] == [(ordered[i], ordered[i + 149]) for i in (0, 150, 300, 450)]
    for b in bins:
        inside = (values >= b.low) & (values <= b.high)
        assert b.score.estimate == pytest.approx(score[inside].mean())
        people = [score[inside & (group == person)] for person in np.unique(group[inside])]
        draws = []
        for _ in range(2000):
            chosen = [people[i] for i in rng.integers(0, len(people), len(people))]
            draws.append(np.concatenate(chosen).mean())
        assert (b.score.low, b.score.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.02)


def test_equal_values_stay_in_one_bin():
    found = evaluate.over_bins(np.array([1.0] * 8 + [2.0] * 2), np.ones(10), np.arange(10), 5)
    assert [(b.low, b.high, b.samples) for b in found] == [(1, 1, 8), (2, 2, 2)]


def test_shares_of_networks_are_scored_as_their_mean():
    share, group = np.array([0.2, 0.4, 1.0, 0.8]), np.array([0, 0, 1, 1])
    assert evaluate.over_subjects(share, group).estimate == pytest.approx(0.6)
    assert evaluate.paired_drop(np.ones(4), share, group).estimate == pytest.approx(0.4)


def test_knee_of_a_corner_is_the_corner():
    zeros_, accuracy = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9]), np.array([0.98, 0.98, 0.98, 0.98, 0.7, 0.42])
    assert evaluate.knee(zeros_, accuracy) == 3


def test_last_within_is_the_last_point_that_is_inside():
    def rows(*highs):
        return pd.DataFrame({"drop_high": highs})

    assert evaluate.last_within(rows(0.001, 0.006, 0.005, 0.006), 0.0051) == 2
    assert evaluate.last_within(rows(0.006, 0.001, float("nan")), 0.0051) == 1
    assert evaluate.last_within(rows(float("nan"), 0.006), 0.0051) is None


def test_wilson_by_the_formula():
    correct, z = np.arange(300) < 294, 1.959963984540054
    n, p = 300, 0.98
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert evaluate.wilson(correct) == pytest.approx((0.98, middle - half, middle + half))
    assert evaluate.wilson(np.ones(20, bool)).low < 0.9  # no interval of length 0 at the end of the scale
    assert np.isnan(evaluate.wilson(np.zeros(0, bool))).all()


def test_calibration_error_by_a_loop_over_sorted_samples():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.2, 1, 1000)
    correct = rng.random(1000) < confidence**2
    order, total = np.argsort(confidence), 0.0
    for part in np.array_split(order, 10):
        total += len(part) / 1000 * abs(correct[part].mean() - confidence[part].mean())
    assert evaluate.calibration_error(confidence, correct) == pytest.approx(total, abs=1e-3)


def test_a_calibrated_network_stays_below_chance_about_as_often_as_it_says_and_an_overconfident_one_does_not():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.2, 1, 500)
    chance = evaluate.calibration_by_chance(confidence, np.arange(500))
    errors = [evaluate.calibration_error(confidence, rng.random(500) < confidence) for _ in range(200)]
    assert 0.88 <= np.mean(np.array(errors) < chance) <= 0.99
    assert evaluate.calibration_error(confidence, rng.random(500) < 0.6 * confidence) > 2 * chance


def test_networks_that_err_together_are_further_from_the_diagonal_by_chance():
    confidence = np.random.default_rng(0).uniform(0.2, 1, 500)
    one = evaluate.calibration_by_chance(confidence, np.arange(500))
    five, sample = np.tile(confidence, 5), np.tile(np.arange(500), 5)
    assert evaluate.calibration_by_chance(five, sample) == pytest.approx(one, rel=0.05)
    assert evaluate.calibration_by_chance(five, np.arange(2500)) < 0.6 * one
