"""Fake quantization against composed autograd in float64 and against finite differences of the surrogate."""

import math

import numpy as np
import pytest
import torch

from harlib.integer.inputs import input_codes
from harlib.quantize import LEVELS, InputQuantizer, ReluQuantize, round_half_up, round_straight_through


def composed(x, scale, zero_point):
    """The same function from torch's own operations, whose gradients autograd derives."""
    ratio = x / scale
    code = ratio + (torch.floor(ratio + 0.5) - ratio).detach() + zero_point
    return scale * (torch.clamp(code, min=zero_point, max=torch.full_like(zero_point, 255)) - zero_point)


@pytest.mark.parametrize("zero_point", [0.0, 37.3, 200.4])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_agree_with_composed_operations(zero_point, layout):
    torch.manual_seed(1)
    quantizer = ReluQuantize(0.3, zero_point).double()
    x = (torch.randn(4, 3, 8, 8).double() * 40).to(memory_format=layout)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    gradient = torch.randn(4, 3, 8, 8).double()  # contiguous, while x may be channels-last
    quantizer(ours).backward(gradient)
    got = [quantizer.log_scale.grad.clone(), quantizer.latent_zero_point.grad.clone()]
    quantizer.zero_grad()
    expected = composed(theirs, quantizer.scale(), quantizer.zero_point())
    expected.backward(gradient)
    assert torch.allclose(quantizer(x), expected, atol=1e-12)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-12)
    assert torch.allclose(got[0], quantizer.log_scale.grad, rtol=1e-9)
    assert torch.allclose(got[1], quantizer.latent_zero_point.grad, rtol=1e-9)


def test_expanded_gradient_gives_the_same_scale_gradient():
    quantizer = ReluQuantize(0.1).double()
    x = torch.rand(2, 3, 4, 4).double().to(memory_format=torch.channels_last) * 3
    quantizer(x).mean((2, 3)).sum().backward()
    expanded = quantizer.log_scale.grad.clone()
    quantizer.zero_grad()
    quantizer(x).backward(torch.full((2, 3, 4, 4), 1 / 16).double())
    assert torch.allclose(expanded, quantizer.log_scale.grad, rtol=1e-9)


def test_scale_gradient_is_the_slope_with_the_rounding_residual_held():
    x = torch.tensor([-3.0, 0.26, 1.11, 40.0]).double()
    quantizer = ReluQuantize(0.1).double()
    quantizer(x).sum().backward()
    scale = float(quantizer.scale().detach())
    residual = [math.floor(v / scale + 0.5) - v / scale for v in x.tolist()]

    def held(s):
        return sum(
            0 if v < 0 else s * LEVELS if v / scale > LEVELS else s * (v / s + r)
            for v, r in zip(x.tolist(), residual, strict=True)
        )

    slope = (held(scale + 1e-6) - held(scale - 1e-6)) / 2e-6
    assert float(quantizer.log_scale.grad) == pytest.approx(slope * scale, rel=1e-6)  # d/dp = s d/ds


def test_rounding_is_half_up_not_half_to_even():
    x = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    assert round_half_up(x).tolist() == [math.floor(v + 0.5) for v in x.tolist()]
    assert round_half_up(x).tolist() != torch.round(x).tolist()
    x.requires_grad_()
    round_straight_through(x).sum().backward()
    assert torch.equal(x.grad, torch.ones(6))


def test_relu_quantize_gives_only_codes_of_its_range():
    quantizer = ReluQuantize(0.25, 10.0)
    codes = quantizer(torch.linspace(-50, 200, 5001)) / 0.25
    assert torch.equal(codes, codes.round())
    assert codes.min() == 0
    assert codes.max() == LEVELS - 10


def test_observe_covers_the_wanted_share():
    quantizer = ReluQuantize()
    x = torch.randn(100_000)
    quantizer.observe(x, share=0.99)
    assert float((x / quantizer.scale() > LEVELS).double().mean()) == pytest.approx(0.01, abs=1e-3)


def test_input_codes_are_the_engines():
    raw = np.random.default_rng(0).integers(2300, 3600, (3, 1, 8, 8)).astype(np.float32)
    quantizer = InputQuantizer()
    quantizer.observe(torch.from_numpy(raw))
    ours = quantizer.codes(torch.from_numpy(raw)).numpy()
    assert np.array_equal(ours, input_codes(raw, float(quantizer.low), float(quantizer.high)))
    quantizer.rounded.fill_(True)
    real = quantizer(torch.from_numpy(raw)).double()
    back = real / quantizer.input_scale + quantizer.input_zero_point
    assert torch.allclose(back, torch.from_numpy(ours), atol=1e-4)


def test_constant_input_keeps_a_valid_range():
    quantizer = InputQuantizer()
    quantizer.observe(torch.full((2, 1, 4, 4), 2500.0))
    assert float(quantizer.high) > float(quantizer.low)
    assert torch.isfinite(quantizer(torch.full((2, 1, 4, 4), 2500.0))).all()
