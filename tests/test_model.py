"""The network's parameters, layer by layer, and its shapes."""

import copy

import pytest
import torch

from harlib.model import Network, count_parameters, quantize_activations
from harlib.quantize import round_straight_through
from harlib.ternary import make_ternary, zeros

BY_LAYER = {
    "blocks.convolution.convolution.weight": 640,
    "blocks.depthwise1.convolution.weight": 144,
    "blocks.pointwise1.convolution.weight": 512,
    "blocks.depthwise2.convolution.weight": 288,
    "blocks.pointwise2.convolution.weight": 1024,
    "linear.weight": 160,
    "linear.bias": 5,
}


def test_3029_parameters_by_layer():
    counts = count_parameters(Network())
    assert {name: counts[name] for name in BY_LAYER} == BY_LAYER
    norms = {name: count for name, count in counts.items() if ".norm." in name}
    assert sum(norms.values()) == 256
    assert sum(counts.values()) == 3029
    assert sum(BY_LAYER.values()) + sum(norms.values()) == 3029


@pytest.mark.parametrize("classes", [2, 5, 9])
def test_parameters_grow_by_33_a_class(classes):
    assert sum(count_parameters(Network(classes)).values()) == 2864 + 33 * classes


def test_ternary_weights_are_2768():
    network = Network()
    make_ternary(network, 0.7)
    assert zeros(network)[1] == 2768


def test_feature_maps_have_the_source_shapes():
    network, x = Network(), torch.randn(2, 1, 64, 64)
    shapes = []
    for block in network.blocks.values():
        x = block(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(16, 32, 32), (16, 32, 32), (32, 32, 32), (32, 32, 32), (32, 32, 32)]
    assert network.pool(x).shape == (2, 32)


@pytest.fixture
def quantized():
    torch.manual_seed(0)
    network = Network().eval()
    raw = 2500 + 100 * torch.rand(4, 1, 64, 64)
    network.input.observe(raw)
    make_ternary(network, 0.7)
    for block in network.blocks.values():
        torch.nn.init.normal_(block.norm.weight)
    quantize_activations(network, raw)
    return network.double(), raw


def test_quantized_activations_are_codes_times_scale(quantized):
    network, raw = quantized
    x = network.input(raw.double())
    for block in network.blocks.values():
        x = block(x)
        codes = x / block.activation.scale()
        assert torch.allclose(codes, codes.round(), atol=1e-9)
        assert 100 < codes.max() <= 255.001


@pytest.mark.parametrize("training", [False, True])
def test_counting_in_steps_changes_neither_logits_nor_gradients(quantized, training):
    network, raw = quantized
    network.train(training)
    other = copy.deepcopy(network)
    logits = network(raw.double())
    x = other.input(raw.double())
    for block in other.blocks.values():
        x = block(x)
    scale = block.activation.scale()
    plain = other.linear(round_straight_through(x.mean((2, 3)) / scale) * scale)
    assert torch.allclose(logits, plain, atol=1e-9)
    weights = torch.randn(logits.shape, dtype=torch.float64)
    (logits * weights).sum().backward()
    (plain * weights).sum().backward()
    for (name, ours), theirs in zip(network.named_parameters(), other.parameters(), strict=True):
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-6, atol=1e-9), name
    for ours, theirs in zip(network.buffers(), other.buffers(), strict=True):
        assert torch.allclose(ours.double(), theirs.double())


def test_quantized_maps_stay_channels_last_as_float_ones_do(quantized):
    network, raw = quantized
    x, scale = network.input(raw.double()).contiguous(memory_format=torch.channels_last), 1.0
    for block in network.blocks.values():
        x, scale = block.steps(x, scale, scale)
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert not x.is_contiguous()
