"""Every weight quantizer: what it promises of its levels, and its gradients against finite differences in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrize

from harlib import ternary, weights
from harlib.model import Network
from harlib.ternary import Ternary

T = 0.7
SYMMETRIC = ["threshold", "exact", "channel", "two-scales", "learned-step", "absmean", "binary"]
NEAREST = ["exact", "learned-step", "binary", "2-bit", "4-bit", "8-bit"]  # each weight goes to its nearest level
values = st.lists(
    st.floats(-3, 3, width=32).filter(lambda v: abs(v) > 1e-3), min_size=2, max_size=12, unique_by=abs
).map(lambda v: torch.tensor(v, dtype=torch.float64).view(1, -1))
rules = pytest.mark.parametrize("rule", weights.RULES)


def quantizer(rule, weight):
    return weights.RULES[rule](T, weight).double()


def away_from_ties(held, weight):
    """No weight so near a rounding tie or a threshold that the last bit decides."""
    codes = held.codes(weight)[0]
    return all(torch.equal(held.codes(weight + e)[0], codes) for e in (1e-7, -1e-7))


@rules
@settings(deadline=None, max_examples=25)
@given(weight=values)
def test_forward_is_codes_times_scale_and_codes_are_integers(rule, weight):
    held = quantizer(rule, weight)
    codes, scale = held.codes(weight)
    assert torch.equal(codes, codes.round())
    assert torch.allclose(held(weight), codes * scale, atol=1e-12)
    if rule in SYMMETRIC:
        assert codes.abs().max() <= 1


@rules
@settings(deadline=None, max_examples=25)
@given(weight=values)
def test_idempotent(rule, weight):
    """Codes come back; so do values, but where the scale is a mean over zeros, too (BitNet)."""
    held = quantizer(rule, weight)
    once = held(weight).detach()
    assert torch.equal(held.codes(once)[0], held.codes(weight)[0])
    if rule != "absmean":
        assert torch.allclose(held(once), once, atol=1e-12)


@rules
@settings(deadline=None, max_examples=25)
@given(weight=values)
def test_monotone_in_the_weight(rule, weight):
    order = weight.flatten().argsort()
    assert (quantizer(rule, weight)(weight).flatten()[order].diff() >= -1e-12).all()


@pytest.mark.parametrize("rule", SYMMETRIC)
@settings(deadline=None, max_examples=25)
@given(weight=values)
def test_symmetric_about_zero(rule, weight):
    ours, mirrored = quantizer(rule, weight), quantizer(rule, -weight)
    assert torch.allclose(ours(weight), -mirrored(-weight), atol=1e-12)


@rules
@settings(deadline=None, max_examples=25)
@given(weight=values, factor=st.floats(0.01, 100))
def test_equivariant_to_the_scale_of_the_layer(rule, weight, factor):
    """A quantizer that is made for c W gives c times what the one for W gives."""
    ours = quantizer(rule, weight)
    if away_from_ties(ours, weight):
        assert torch.allclose(quantizer(rule, factor * weight)(factor * weight), factor * ours(weight), rtol=1e-6)


@pytest.mark.parametrize("rule", NEAREST)
@settings(deadline=None, max_examples=25)
@given(weight=values)
def test_each_weight_goes_to_the_nearest_of_its_levels(rule, weight):
    held = quantizer(rule, weight)
    _, scale = held.codes(weight)
    low, high = getattr(held, "low", -1), getattr(held, "high", 1)
    levels = scale.detach() * torch.arange(low, high + 1, 2 if rule == "binary" else 1)
    distance = (weight.flatten()[:, None] - levels).abs()
    assert torch.allclose((weight - held(weight)).abs().flatten(), distance.min(1).values, atol=1e-9)


def test_the_threshold_rule_does_not_always_take_the_nearest_level():
    weight = torch.tensor([[1.0, 1.0, 1.0, 0.3, -0.05]])
    codes, alpha = ternary.ternarize(weight, 0.3)
    assert codes[0, 3] == 1
    assert abs(0.3 - float(alpha)) > 0.3  # 0 would be nearer


@settings(deadline=None, max_examples=25)
@given(weight=values)
def test_no_rule_of_one_scale_and_three_levels_is_nearer_than_the_exact_one(weight):
    least = (weight - quantizer("exact", weight)(weight)).norm()
    for rule in ("threshold", "learned-step", "absmean", "binary"):
        assert least <= (weight - quantizer(rule, weight)(weight)).norm() + 1e-9


def surrogate_loss(held, weight, upstream):
    """The loss as a smooth function of weight and logs of scales, with codes or rounding residuals held constant."""
    if isinstance(held, weights.LearnedStep):
        ratio = (weight / (held.initial_scale * held.log_scale.exp())).detach()
        residual = (held.codes(weight)[0] - ratio.clamp(held.low, held.high)).detach()

        def smooth(w, log_scale):
            scale = held.initial_scale * log_scale.exp()
            return (upstream * scale * ((w / scale).clamp(held.low, held.high) + residual)).sum()

        return smooth, [held.log_scale]
    codes, scale = (value.detach() for value in held.codes(weight))
    factor = torch.where(codes == 0, 1.0, scale)

    def smooth(w, log_positive, log_negative):
        scales = torch.where(
            codes < 0, held.initial_negative * log_negative.exp(), held.initial_positive * log_positive.exp()
        )
        return (upstream * (codes * scales + factor * (w - weight.detach()))).sum()

    return smooth, [held.log_positive, held.log_negative]


@pytest.mark.parametrize("rule", ["two-scales", "learned-step", "2-bit", "4-bit"])
def test_learned_scales_have_the_slope_of_the_function_with_the_rounding_held(rule):
    torch.manual_seed(2)
    weight = torch.randn(3, 7, dtype=torch.float64).requires_grad_()
    upstream = torch.randn(3, 7, dtype=torch.float64)
    held = quantizer(rule, weight)
    smooth, logs = surrogate_loss(held, weight, upstream)
    (upstream * held(weight)).sum().backward()
    start = [weight.detach().clone(), *(log.detach().clone() for log in logs)]
    for index, gradient in enumerate([weight.grad, *(log.grad for log in logs)]):
        for place in range(gradient.numel()):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [value.clone() for value in start]
                moved[index].view(-1)[place] += step
                ends.append(float(smooth(*moved)))
            assert float(gradient.view(-1)[place]) == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("rule", ["threshold", "exact", "channel", "absmean", "binary"])
def test_rules_pass_the_gradient_straight_through(rule):
    weight = torch.randn(2, 5, dtype=torch.float64).requires_grad_()
    upstream = torch.randn(2, 5, dtype=torch.float64)
    (upstream * quantizer(rule, weight)(weight)).sum().backward()
    assert torch.equal(weight.grad, upstream)


def test_ends_in_eight_bits_and_the_middle_by_the_rule():
    network = Network()
    weights.quantize_weights(network, "threshold", T, eight_bit_ends=True)
    held = [parametrization for _, parametrization, _ in ternary.ternary_layers(network)]
    assert [isinstance(one, Ternary) for one in held] == [False, True, True, True, True, False]
    assert (held[0].low, held[-1].high) == (-128, 127)


def test_float_weights_stay_as_they_are():
    network = Network()
    weights.quantize_weights(network, "float", T)
    assert not any(parametrize.is_parametrized(module) for module in network.modules())


@rules
def test_a_quantizer_comes_back_from_its_state(rule):
    torch.manual_seed(0)
    first, second = (nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(4, 2)) for _ in range(2))
    for model in (first, second):
        weights.quantize_weights(model, rule, T)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first[0].weight, second[0].weight)
