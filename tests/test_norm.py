"""Batch norm in steps against torch's own, and the one with powers of two against its definition."""

import copy

import pytest
import torch
from torch import nn

from harlib.norm import HELD_EPOCHS, LEAST, MOST, Norm, PowerOfTwoNorm, converted, hold_exponents, hold_late


def filled(norm: nn.BatchNorm2d) -> nn.BatchNorm2d:
    generator = torch.Generator().manual_seed(1)
    norm.weight.data = torch.randn(norm.num_features, generator=generator)
    norm.bias.data = torch.randn(norm.num_features, generator=generator)
    norm.running_mean.copy_(torch.randn(norm.num_features, generator=generator))
    norm.running_var.copy_(torch.rand(norm.num_features, generator=generator) + 0.1)
    return norm


@pytest.mark.parametrize("training", [False, True])
def test_norm_is_torchs_over_the_step_in_values_gradients_and_statistics(training):
    ours, theirs = filled(Norm(5)).train(training), filled(nn.BatchNorm2d(5)).train(training)
    x = torch.randn(4, 5, 6, 6)
    step = torch.tensor(0.37, requires_grad=True)
    torch.testing.assert_close(ours(x, step), theirs(x) / 0.37)
    (ours(x, step) ** 2).sum().backward()
    ((theirs(x) / 0.37) ** 2).sum().backward()
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)
    for (name, value), other in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        torch.testing.assert_close(value, other, msg=name)
    assert step.grad.abs() > 0


def test_multipliers_are_the_powers_of_two_nearest_in_ratio():
    norm = filled(PowerOfTwoNorm(200))
    norm.unit.fill_(0.013)
    sigma = (norm.running_var + norm.eps).sqrt()
    multiplier = norm.gain().detach() * 0.013 / sigma
    exponents = norm.exponents()
    assert torch.equal(exponents, exponents.round())
    torch.testing.assert_close(multiplier.abs(), exponents.exp2())
    assert torch.equal(multiplier.sign(), norm.weight.detach().sign())
    ratio = norm.gain() / norm.weight
    assert (ratio >= 2**-0.5001).all()
    assert (ratio <= 2**0.5001).all()
    assert len(exponents.unique()) > 3


def test_what_is_applied_is_the_gain():
    norm = filled(PowerOfTwoNorm(5)).eval()
    x = torch.randn(4, 5, 6, 6)
    plain = filled(nn.BatchNorm2d(5)).eval()
    plain.weight.data = norm.gain().detach()
    torch.testing.assert_close(norm(x), plain(x))


def test_gamma_gets_the_gradient_of_its_gain():
    norm = filled(PowerOfTwoNorm(5)).double()
    factor = (norm.gain() / norm.weight).detach()
    towards = torch.arange(1.0, 6.0, dtype=torch.float64)
    (norm.gain() * towards).sum().backward()
    torch.testing.assert_close(norm.weight.grad, towards * factor)


def test_held_exponents_stay_when_gamma_and_sigma_move_and_follow_again_when_released():
    model = nn.Sequential(filled(PowerOfTwoNorm(5)))
    norm = model[0]
    before = norm.exponents()
    hold_exponents(model)
    norm.weight.data *= 8
    norm.running_var *= 0.3
    assert torch.equal(norm.exponents(), before)
    torch.testing.assert_close(norm.gain().abs() / (norm.running_var + norm.eps).sqrt(), before.exp2())
    norm.release()
    assert (norm.exponents() > before).all()


def test_gains_at_the_ends_of_the_range_are_finite():
    norm = PowerOfTwoNorm(4)
    norm.weight.data = torch.tensor([0.0, 1e-20, 1e9, -1e9])
    assert norm.exponents().tolist() == [LEAST, LEAST, MOST, MOST]
    assert norm.gain().tolist() == pytest.approx([0.0, 2**LEAST, 2**MOST, -(2**MOST)], rel=1e-4)


def test_a_state_with_held_exponents_comes_back():
    norm, other = filled(PowerOfTwoNorm(5)), PowerOfTwoNorm(5)
    norm.unit.fill_(0.2)
    norm.hold()
    other.load_state_dict(copy.deepcopy(norm.state_dict()))
    assert torch.equal(other.exponents(), norm.exponents())
    assert torch.equal(other.gain(), norm.gain())


def test_conversion_keeps_what_the_norm_does_and_leaves_exponents_free():
    free = filled(Norm(5)).eval()
    power = converted(free, power_of_two=True)
    assert isinstance(power, PowerOfTwoNorm)
    assert torch.equal(power.weight, free.weight)
    power.hold()
    back, again = converted(power, power_of_two=False), converted(power, power_of_two=True)
    assert type(back) is Norm
    x = torch.randn(2, 5, 3, 3)
    torch.testing.assert_close(back(x), power(x))
    assert not again.held
    torch.testing.assert_close(again(x), power(x))
    assert not again.training


@pytest.mark.parametrize("epochs", [1, 2, 4, 5, 24])
def test_the_last_epochs_have_held_exponents_but_never_the_first(epochs):
    model = nn.Sequential(PowerOfTwoNorm(2))
    held = [bool(model[0].held)]
    for epoch in range(1, epochs + 1):
        hold_late(model, epoch, epochs)
        held.append(bool(model[0].held))
    assert held[-1]
    assert sum(held[:-1]) == min(HELD_EPOCHS, epochs - 1)
