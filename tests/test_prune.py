"""Pruning against sorting all ratios by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from harlib import prune
from harlib.integer import proofs
from harlib.model import Network, quantize_activations
from harlib.stages.folded import integer_model
from harlib.ternary import make_ternary, ternary_layers, zeros


def network():
    torch.manual_seed(0)
    model = Network()
    make_ternary(model, 0.7)
    return model


@pytest.mark.parametrize("share", [0.45, 0.6, 0.9])
def test_exact_to_one_weight_and_the_smallest_ratios(share):
    model = network()
    prune.prune_to(model, share)
    assert zeros(model) == (prune.zeros_for(share, 2768), 2768)
    ratios = np.concatenate([(w.abs() / w.abs().mean()).detach().numpy().ravel() for _, _, w in ternary_layers(model)])
    kept = np.concatenate([layer.weight.detach().numpy().ravel() != 0 for layer, _, _ in ternary_layers(model)])
    assert ratios[kept].min() > ratios[~kept].max()


def test_natural_zeros_are_never_given_back():
    model = network()
    natural = zeros(model)[0]
    prune.prune_to(model, 0.05)
    assert zeros(model)[0] == natural


def test_published_share_is_1246_zeros():
    assert prune.zeros_for(0.45, 2768) == 1246
    assert 1245 / 2768 < 0.45 <= 1246 / 2768


def test_freeze_holds_the_zeros_while_weights_move():
    model = network()
    prune.prune_to(model, 0.5)
    prune.freeze(model)
    for _, _, weight in ternary_layers(model):
        nn.init.normal_(weight)
    assert zeros(model)[0] == prune.zeros_for(0.5, 2768)


def test_zeros_of_constant_channels_do_not_count_toward_the_share():
    model = network()
    raw = 2500 + 60 * torch.randn(8, 1, 64, 64).abs()
    model.input.observe(raw)
    model.train()(raw)
    model.eval()
    with torch.no_grad():
        model.blocks["depthwise1"].norm.bias[3] = -100  # ReLU gives 0 whatever comes in
        model.blocks["pointwise2"].norm.weight[5] = 0
    quantize_activations(model, raw)
    prune.prune_to(model, 0.5)
    prune.freeze(model)
    before = [held.kept.clone() for _, held, _ in ternary_layers(model)]
    classes = ("jogging", "jumping", "situp", "waving", "other")
    assert proofs.zeros(integer_model(model, classes, 16)).natural < prune.zeros_for(0.5, 2768)
    added = prune.fill_up(model, raw, 0.5)
    assert added > 0
    found = proofs.zeros(integer_model(model, classes, 16))
    assert found.natural >= prune.zeros_for(0.5, 2768)
    after = [held.kept for _, held, _ in ternary_layers(model)]
    assert sum(int((a & ~b).sum()) for a, b in zip(before, after, strict=True)) == added
    assert not any((b & ~a).any() for a, b in zip(before, after, strict=True))
    assert prune.fill_up(model, raw, 0.5) == 0
