"""Folding against the unfolded network in float64, and the folded network against the integer oracle."""

import copy

import numpy as np
import pytest
import torch

from harlib import fold as folding
from harlib.integer import oracle, proofs
from harlib.integer.inputs import input_codes
from harlib.model import Network, quantize_activations, set_norms
from harlib.norm import PowerOfTwoNorm, hold_exponents
from harlib.stages.folded import integer_model
from harlib.ternary import make_ternary

CLASSES = ("jogging", "jumping", "situp", "waving", "other")


@pytest.fixture(scope="module", params=["dyadic", "power-of-two"])
def network(request):
    """A quantized ternary network whose batch norms have both signs of gamma and lively statistics."""
    torch.manual_seed(4)
    model = Network()
    set_norms(model, request.param == "power-of-two")
    raw = 2500 + 60 * torch.randn(16, 1, 64, 64).abs()
    model.input.observe(raw)
    make_ternary(model, 0.7)
    for block in model.blocks.values():
        torch.nn.init.normal_(block.norm.weight)
        torch.nn.init.normal_(block.norm.bias)
    model.train()
    model(raw)
    model.eval()
    quantize_activations(model, raw)
    with torch.no_grad():
        for zero_point, block in zip((0.0, 3.0, 0.0, 7.4, 11.0), model.blocks.values(), strict=True):
            block.activation.latent_zero_point.fill_(zero_point)
        model(raw)  # which tells a norm the unit of its multipliers
    hold_exponents(model)
    return model, raw


def test_folded_agrees_with_unfolded_before_each_quantizer(network):
    model, raw = network
    model = copy.deepcopy(model).double()
    codes = model.input.codes(raw)
    with torch.no_grad():
        model(raw.double())  # units in float64, too
    scale, zero_point = float(model.input.input_scale), float(model.input.input_zero_point)
    for name, block in model.blocks.items():
        folded = folding.fold_batch_norm(block, name, scale, int(zero_point))
        with torch.no_grad():
            unfolded = block.norm(block.convolution(scale * (codes - zero_point)))
        steps = folding.before_rounding(folded, codes)
        assert torch.allclose(folded.output_scale * steps, unfolded, atol=1e-9), name
        assert set(np.unique(folded.weight)) <= {-1, 0, 1}
        assert (folded.real_multiplier >= 0).all()
        scale, zero_point = folded.output_scale, folded.output_zero_point
        codes = (torch.floor(steps + 0.5) + zero_point).clamp(*folded.clamp)


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_folded_codes_are_the_oracles(network, bits):
    model, raw = network
    exported = integer_model(model, CLASSES, bits)
    codes = input_codes(raw.numpy(), exported.input.low, exported.input.high)
    ours = folding.trace(exported, torch.from_numpy(codes).double())
    theirs = oracle.trace(exported, codes)
    assert list(ours) == list(theirs)
    for name in ours:
        assert np.array_equal(ours[name].numpy(), theirs[name]), name


def test_power_of_two_multipliers_are_exported_as_such_in_lowest_terms(network):
    exported = integer_model(network[0], CLASSES, 16)
    for layer, block in zip(exported.convolutions, network[0].blocks.values(), strict=True):
        alive = layer.weights.reshape(layer.out_channels, -1).any(1)
        scales = layer.multipliers[alive] / 2.0 ** layer.shifts[alive]
        if isinstance(block.norm, PowerOfTwoNorm):
            assert np.array_equal(scales, block.norm.exponents().exp2().numpy()[alive])
            assert ((layer.multipliers[alive] == 1) | (layer.shifts[alive] == 1)).all()
        else:
            assert (layer.multipliers[alive] >= 2**8).all()


def test_exported_16_bit_model_needs_no_64_bit_product(network):
    assert proofs.fits_32_bits(integer_model(network[0], CLASSES, 16))


def test_logits_are_the_linear_layers_up_to_half_a_step(network):
    """From the same pooled codes only the bias is rounded: to half a logit step."""
    model, raw = network
    exported = integer_model(model, CLASSES, 16)
    outputs = oracle.trace(exported, input_codes(raw.numpy(), exported.input.low, exported.input.high))
    last = model.blocks["pointwise2"].activation
    with torch.no_grad():
        pooled = torch.from_numpy(outputs["pool"]).float()
        reference = model.linear(last.scale() * (pooled - last.zero_point())).numpy()
    step = exported.linear.logit_scale
    assert np.abs(outputs["linear"] * step - reference).max() <= step * (0.5 + 1e-3)  # and float32 in the reference


def test_gains_of_zero_below_zero_and_a_variance_of_zero_are_defined(network):
    """Channels 0 to 3 of the first layer: gamma 0, gamma 1e-12, the same channel with gamma < 0, variance 0."""
    model, raw = network
    model = copy.deepcopy(model)
    set_norms(model, power_of_two=False)
    norm = model.blocks["convolution"].norm
    with torch.no_grad():
        norm.weight[:4] = torch.tensor([0.0, 1e-12, -0.8, 0.7])
        norm.bias[:2] = 0.4
        norm.running_var[3] = 0.0
    layer = folding.fold_network(model)[0][0]
    scale = float(model.input.input_scale) * layer.weight_scale / layer.output_scale
    assert layer.real_multiplier[3] == pytest.approx(0.7 / norm.eps**0.5 * scale)
    codes = model.blocks["convolution"].convolution.weight.detach().sign().numpy()
    kept = layer.weight[2] != 0
    assert (layer.weight[2][kept] == -codes[2][kept]).all()
    exported = integer_model(model, CLASSES, 16)
    assert proofs.constant_channels(exported)["convolution"][:2] == [0, 1]
    code = int(np.floor(0.4 / layer.output_scale + 0.5)) + layer.output_zero_point
    inputs = input_codes(raw.numpy(), exported.input.low, exported.input.high)
    ours, theirs = oracle.trace(exported, inputs), folding.trace(exported, torch.from_numpy(inputs).double())
    assert (ours["convolution"][:, :2] == min(code, 255)).all()
    assert len(np.unique(ours["convolution"][:, 3])) > 2
    for name, output in ours.items():
        np.testing.assert_array_equal(theirs[name].numpy(), output)
