"""Ternarization against brute force over every support, and against torch where it has the same thing."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from harlib import ternary

weights = st.lists(st.floats(-3, 3, width=32).filter(lambda v: v == 0 or abs(v) > 1e-3), min_size=1, max_size=6)


def best_distance(weight):
    """The least ||W - alpha W'||^2 over every W' in {-1, 0, 1}^n and alpha >= 0."""
    least = float((weight**2).sum())
    for codes in itertools.product((-1, 0, 1), repeat=len(weight)):
        code = torch.tensor(codes, dtype=torch.float64)
        if code.any():
            alpha = max(0.0, float(weight @ code / (code @ code)))
            least = min(least, float(((weight - alpha * code) ** 2).sum()))
    return least


@settings(deadline=None, max_examples=60)
@given(weights)
def test_optimum_is_the_least_over_every_support(values):
    weight = torch.tensor(values, dtype=torch.float64)
    codes, alpha = ternary.optimal(weight)
    assert float(((weight - alpha * codes) ** 2).sum()) == pytest.approx(best_distance(weight), abs=1e-9)


@given(weights, st.floats(0.1, 2))
def test_alpha_is_the_least_squares_one_for_its_support(values, threshold):
    weight = torch.tensor(values, dtype=torch.float64)
    codes, alpha = ternary.ternarize(weight, threshold)
    if codes.any():
        solved = torch.linalg.lstsq(codes.double()[:, None], weight[:, None]).solution.item()
        assert float(alpha) == pytest.approx(solved, abs=1e-9)
    else:
        assert float(alpha) == 0


@given(weights, st.floats(0.1, 2))
def test_threshold_rule_keeps_what_is_above_t_times_the_mean(values, threshold):
    weight = torch.tensor(values, dtype=torch.float64)
    codes, _ = ternary.ternarize(weight, threshold)
    mean = sum(abs(v) for v in weight.tolist()) / len(values)
    for value, code in zip(weight.tolist(), codes.tolist(), strict=True):
        if abs(abs(value) - threshold * mean) > 1e-9:
            assert code == (0 if abs(value) < threshold * mean else 1 if value > 0 else -1)


def test_all_zero_weights_stay_zero_without_nan():
    codes, alpha = ternary.ternarize(torch.zeros(3, 3), 0.7)
    assert not codes.any()
    assert float(alpha) == 0
    layer = nn.Conv2d(1, 1, 3, bias=False)
    nn.init.zeros_(layer.weight)
    ternary.make_ternary(layer, 0.7)
    assert torch.equal(layer.weight, torch.zeros(1, 1, 3, 3))


def test_gradient_passes_straight_through():
    layer = nn.Linear(6, 2, bias=False)
    ternary.make_ternary(layer, 0.7)
    x = torch.randn(5, 6)
    layer(x).pow(2).sum().backward()
    ((_, _, master),) = ternary.ternary_layers(layer)
    dense = layer.weight.detach().clone().requires_grad_()
    (x @ dense.T).pow(2).sum().backward()
    assert torch.allclose(master.grad, dense.grad, atol=1e-5)


def test_frozen_support_survives_a_change_of_weights():
    layer = nn.Linear(50, 4, bias=False)
    ternary.make_ternary(layer, 0.7)
    ((_, held, master),) = ternary.ternary_layers(layer)
    held.freeze(master)
    before = layer.weight != 0
    with torch.no_grad():
        master.normal_()
    assert torch.equal(layer.weight != 0, before)
    assert set(torch.unique(held.codes(master)[0]).tolist()) == {-1.0, 0.0, 1.0}


def test_zeros_counts_over_all_layers():
    model = nn.Sequential(nn.Conv2d(1, 2, 2, bias=False), nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[[[1, 0.1], [1, 1]]], [[[1, -1], [0.1, -1]]]]))
        model[2].weight.copy_(torch.tensor([[1.0, -1.0], [1.0, 0.0]]))
    ternary.make_ternary(model, 0.7)
    assert ternary.zeros(model) == (3, 12)
