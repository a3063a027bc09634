"""Pruning a ternary network to a share of zeros, over all its ternary weights together.

Weights are ranked by |W| / threshold of their layer: by raw |W| nearly all zeros would come from the two layers with
the smallest weights. Zeros that ternarization makes by itself count. Other rules stand beside this one, for contrast:
each prunes a model to a share, takes natural zeros first, then the weights with the least score, exactly as many as
the share asks for; where natural zeros are more, nothing is forced.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int64
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
    ratios = torch.cat([magnitude_ratio(weight, held.threshold).flatten() for _, held, weight in layers]).cpu()
    wanted = zeros_for(share, ratios.numel())
    cut = torch.ones(())
    if wanted:
        cut = torch.maximum(cut, ratios.kthvalue(wanted).values)
    for _, held, _ in layers:
        held.cut.copy_(cut)


def by_magnitude(model: nn.Module, share: float) -> None:
    """Zero the weights of least |W| over all layers, whatever the layer's scale (Han et al. 2015)."""
    _zero_least(model, [weight.detach().abs() for _, _, weight in ternary_layers(model)], share)


def by_layer(model: nn.Module, share: float) -> None:
    """Zero the same share of every layer; a layer with more natural zeros keeps them, and the others give less."""
    ranks = [ratio.flatten().argsort().argsort().view(ratio.shape) for ratio in _ratios(model)]
    _zero_least(model, [(rank + 1) / rank.numel() for rank in ranks], share)


def by_channel(model: nn.Module, share: float) -> None:
    """Zero whole channels: all weights that write a channel or read it, the least mean |W| / threshold first.

    A depthwise layer hands its channels on, so its filters go with the channel (Fang et al. 2023, DepGraph). Of the
    last channel to go only the least weights are zeroed, so that the count is exact.
    """
    ratios, owners = _ratios(model), _channels(model)
    pairs = [(owner, ratio) for of, ratio in zip(owners, ratios, strict=True) for owner in of]
    owner = torch.cat([owner.expand(ratio.shape).flatten() for owner, ratio in pairs])
    total = torch.zeros(int(owner.max()) + 1, device=owner.device).index_add_(
        0, owner, torch.cat([ratio.flatten() for _, ratio in pairs])
    )
    place = (total / owner.bincount()).argsort().argsort()
    first = [torch.stack([place[o].expand(r.shape) for o in of]).amin(0) for of, r in zip(owners, ratios, strict=True)]
    _zero_least(model, [rank + r.double() / (1 + r) for rank, r in zip(first, ratios, strict=True)], share)


RULES: dict[str, Callable[[nn.Module, float], None]] = {
    "threshold": prune_to,
    "magnitude": by_magnitude,
    "layer": by_layer,
    "channel": by_channel,
}
"""Ways to choose the zeros, by name; the study's is the first."""


def _ratios(model: nn.Module) -> list[Tensor]:
    return [magnitude_ratio(weight.detach(), held.threshold) for _, held, weight in ternary_layers(model)]


@torch.no_grad()
def _zero_least(model: nn.Module, scores: list[Tensor], share: float) -> None:
    layers = ternary_layers(model)
    natural = torch.cat([(ratio <= 1).flatten() for ratio in _ratios(model)])
    score = torch.cat([values.double().flatten() for values in scores]).masked_fill(natural, -torch.inf)
    count = max(zeros_for(share, score.numel()), int(natural.sum()))
    kept = torch.ones_like(natural)
    kept[score.argsort(stable=True)[:count]] = False
    for (_, held, weight), part in zip(layers, kept.split([v.numel() for v in scores]), strict=True):
        held.kept.copy_(part.view(weight.shape))
        held.frozen.fill_(True)


def _channels(model: nn.Module) -> list[list[Int64[Tensor, "..."]]]:
    """For each layer the numbers of the channels that its weights write and read, to be expanded to its weights."""
    layers = ternary_layers(model)
    found: list[list[Tensor]] = []
    reads, count = torch.empty(0, dtype=torch.long), 0
    for index, (layer, _, weight) in enumerate(layers):
        rows, columns = (-1, *[1] * (weight.ndim - 1)), (1, -1, *[1] * (weight.ndim - 2))
        if getattr(layer, "groups", 1) > 1:
            found.append([reads.view(rows)])
            continue
        found.append([reads.view(columns)] if len(reads) else [])
        if index < len(layers) - 1:  # the last layer writes classes
            reads = torch.arange(count, count + len(weight), device=weight.device)
            count += len(weight)
            found[-1].append(reads.view(rows))
    return found


@torch.no_grad()
def freeze(model: nn.Module) -> None:
    """Freeze the support of every ternary layer; signs and alpha go on moving."""
    for _, held, weight in ternary_layers(model):
        held.freeze(weight)


@torch.no_grad()
def release(model: nn.Module) -> None:
    """Undo `freeze` and `prune_to` as fine-tuning without a mask does: zeros start at 0, and any weight may come back.

    From then on the codes follow the threshold rule alone. So they stay at first, but for weights that the frozen
    support kept although they had shrunk below the threshold: these go to 0.
    """
    for _, held, weight in ternary_layers(model):
        weight.mul_(held.codes(weight)[0] != 0)
        held.cut.fill_(1)
        held.frozen.fill_(False)


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
