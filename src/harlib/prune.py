"""Pruning a ternary network to a share of zeros, over all its ternary weights together.

Weights are ranked by |W| / threshold of their layer: by raw |W| nearly all zeros would come from the two layers with
the smallest weights. Zeros that ternarization makes by itself count.
"""

import math

import torch
from torch import nn

from harlib.ternary import magnitude_ratio, ternary_layers


def zeros_for(share: float, weights: int) -> int:
    """The least number of zeros that is at least `share` of `weights`.

    >>> zeros_for(0.45, 2768)
    1246
    """
    return math.ceil(share * weights - 1e-9)


@torch.no_grad()
def prune_to(model: nn.Module, share: float) -> None:
    """Raise the thresholds of all ternary layers by one common factor so that `share` of their weights is zero.

    The factor is exact to one weight, and 1 (nothing pruned) where the network has as many zeros by itself. Call it
    before each step while the share is raised: a mask that is fixed early costs accuracy.

    Args:
        model: a network with ternary layers (see `harlib.ternary.make_ternary`).
        share: zeros over all ternary weights, 0..1.
    """
    layers = ternary_layers(model)
    ratios = torch.cat([magnitude_ratio(weight, held.threshold).flatten() for _, held, weight in layers])
    wanted = zeros_for(share, ratios.numel())
    cut = torch.ones(())
    if wanted:
        cut = torch.maximum(cut, ratios.kthvalue(wanted).values)
    for _, held, _ in layers:
        held.cut.copy_(cut)


@torch.no_grad()
def freeze(model: nn.Module) -> None:
    """Freeze the support of every ternary layer; signs and alpha go on moving."""
    for _, held, weight in ternary_layers(model):
        held.freeze(weight)
