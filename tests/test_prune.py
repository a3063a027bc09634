"""Pruning against sorting all ratios by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from harlib import prune
from harlib.model import Network
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
