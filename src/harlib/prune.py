"""Pruning a ternary network to a share of zeros, over all its ternary weights together.

Weights are ranked by |W| / threshold of their layer: by raw |W| nearly all zeros would come from the two layers with
the smallest weights. Zeros that ternarization makes by itself count.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from harlib.errors import HarlibError
from harlib.model import Network
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


@torch.no_grad()
def fill_up(model: Network, raw: Float[Tensor, "n 1 h w"], share: float) -> int:
    """Zero the fewest further weights so that `share` is met without the channels that do nothing.

    A channel whose output is the same for every sample is written as a constant at export, and zeros in it are no
    merit of pruning. The weights with the least |W| / threshold go, from the other channels; signs and the rest of the
    support stay.

    Args:
        model: a trained network with frozen ternary layers, in evaluation mode.
        raw: training samples on which constant channels are seen.
        share: zeros over all ternary weights, 0..1, those in constant channels not counted.

    Returns:
        How many weights were zeroed.

    Raises:
        HarlibError: the channels that are not constant hold too few weights.
    """
    alive = [*_alive_channels(model, raw), torch.ones(model.linear.out_features, dtype=torch.bool)]
    layers = ternary_layers(model)
    shapes = [weight.shape for _, _, weight in layers]
    open_to = [mask.view(-1, *[1] * (len(s) - 1)).expand(s).cpu() for mask, s in zip(alive, shapes, strict=True)]
    kept = [held.kept.cpu() for _, held, _ in layers]
    counted = sum(int((live & ~keep).sum()) for live, keep in zip(open_to, kept, strict=True))
    wanted = zeros_for(share, sum(shape.numel() for shape in shapes)) - counted
    if wanted <= 0:
        return 0
    ratios = [magnitude_ratio(weight, held.threshold).cpu() for _, held, weight in layers]
    free = [torch.where(a & b, c, torch.inf) for a, b, c in zip(open_to, kept, ratios, strict=True)]
    cut = torch.cat([ratio.flatten() for ratio in free]).kthvalue(wanted).values
    if cut.isinf():
        raise HarlibError(f"sparsity = {share}: too few weights are left in channels that do something; lower it")
    for (_, held, _), ratio in zip(layers, free, strict=True):
        held.kept.logical_and_((ratio > cut).to(held.kept.device))
    return wanted


def _alive_channels(model: Network, raw: Float[Tensor, "n 1 h w"]) -> list[Bool[Tensor, " channels"]]:
    """Output channels of each block that give more than one value over the samples."""
    lowest: list[Tensor] = []
    highest: list[Tensor] = []
    for batch in raw.split(256):
        x = model.input(batch).contiguous(memory_format=torch.channels_last)
        for index, block in enumerate(model.blocks.values()):
            x = block(x)
            low, high = x.amin((0, 2, 3)), x.amax((0, 2, 3))
            if index == len(lowest):
                lowest.append(low)
                highest.append(high)
            lowest[index], highest[index] = torch.minimum(lowest[index], low), torch.maximum(highest[index], high)
    return [low != high for low, high in zip(lowest, highest, strict=True)]
