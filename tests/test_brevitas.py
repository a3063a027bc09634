"""Our quantizers against Brevitas 0.13.4 where the two agree: values and gradients in float64, ties apart."""

import pytest
import torch

from harlib.quantize import ReluQuantize
from harlib.ternary import Ternary
from harlib.weights import LearnedStep

brevitas = pytest.importorskip("brevitas", reason="Brevitas is in an environment of its own: requirements-bench.lock")


def int_quant(x, scale, zero_point, bits, signed):
    from brevitas.core.function_wrapper import RoundSte, TensorClamp
    from brevitas.core.quant import IntQuant

    quant = IntQuant(False, signed, torch.nn.Identity(), RoundSte(), TensorClamp())
    return quant(scale, zero_point, torch.tensor(float(bits), dtype=torch.float64), x)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_activation_values_and_gradients(bits):
    torch.manual_seed(0)
    ours = ReluQuantize(0.11, top=2**bits - 1).double()
    x = (torch.randn(500, dtype=torch.float64) * 0.11 * 2**bits).requires_grad_()
    upstream = torch.randn(500, dtype=torch.float64)
    (upstream * ours(x)).sum().backward()
    got = ours(x), x.grad.clone(), float(ours.log_scale.grad)
    x.grad = None
    scale = torch.tensor(float(ours.scale().detach()), dtype=torch.float64, requires_grad=True)
    theirs = int_quant(x, scale, torch.zeros((), dtype=torch.float64), bits, signed=False)
    (upstream * theirs).sum().backward()
    assert torch.allclose(got[0], theirs, atol=1e-12)
    edge = (x.detach() / scale.detach() > -0.5) & (x.detach() / scale.detach() < 0)  # ours passes the gradient there
    assert torch.allclose(got[1][~edge], x.grad[~edge])
    assert got[2] == pytest.approx(float(scale.grad * scale), rel=1e-6)  # d/dp = s d/ds


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_learned_weight_step(bits):
    """Apart from half a step beyond the ends, where LSQ (eq. 3) has clamped already and Brevitas has not."""
    torch.manual_seed(1)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    weight = torch.randn(6, 30, dtype=torch.float64).requires_grad_()
    ours = LearnedStep(low, high, weight)
    ratio = weight.detach() / ours.initial_scale
    beyond = ((ratio > high) & (ratio < high + 0.5)) | ((ratio < low) & (ratio > low - 0.5))
    weight.data[beyond] = 0
    upstream = torch.randn_like(weight)
    (upstream * ours(weight)).sum().backward()
    got = ours(weight), weight.grad.clone(), float(ours.log_scale.grad)
    weight.grad = None
    scale = ours.initial_scale.clone().requires_grad_()
    theirs = int_quant(weight, scale, torch.zeros((), dtype=torch.float64), bits, signed=True)
    (upstream * theirs).sum().backward()
    assert torch.allclose(got[0], theirs, atol=1e-12)
    assert torch.allclose(got[1], weight.grad)
    assert got[2] == pytest.approx(float(scale.grad * scale), rel=1e-6)


def test_ternary_codes_and_gradient():
    from brevitas.core.quant import TernaryQuant
    from brevitas.core.scaling import ConstScaling

    weight = torch.randn(40, 9, generator=torch.Generator().manual_seed(2)).requires_grad_()
    mean = float(weight.detach().abs().mean())
    ours = Ternary(0.7, weight.shape)
    codes, _ = ours.codes(weight.detach())
    ours(weight).sum().backward()
    gradient, weight.grad = weight.grad.clone(), None
    theirs = TernaryQuant(ConstScaling(mean), 0.7)(weight)[0]
    theirs.sum().backward()
    assert torch.equal(codes, (theirs / mean).round())
    inside = weight.grad != 0
    assert torch.equal(gradient[inside], torch.ones_like(gradient[inside]))
