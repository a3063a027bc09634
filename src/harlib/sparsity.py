"""Accuracy against sparsity: other ways to choose the zeros, one point of the curve, its knee.

A way of choosing is a function that prunes a model to a share, as `prune.prune_to` does. Each takes natural zeros
first, then the weights with the least score, exactly as many as the share asks for.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from harlib import evaluate, prune, training
from harlib.stages import pruned, qat
from harlib.stages.task import Fit, Task, network_fit
from harlib.ternary import magnitude_ratio, ternary_layers, zeros

COLUMNS = ["rule", "share", "networks", "zeros", "accuracy", "low", "high", "drop", "drop_low", "drop_high"]
"""Of the curve's table: a way and the share it was asked for (0 forces nothing), the number of networks, their mean
share of zeros, and with 95 % intervals over subjects accuracy and drop against fp32; shares and accuracies in 0..1."""


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
    total = torch.zeros(int(owner.max()) + 1).index_add_(0, owner, torch.cat([ratio.flatten() for _, ratio in pairs]))
    place = (total / owner.bincount()).argsort().argsort()
    first = [torch.stack([place[o].expand(r.shape) for o in of]).amin(0) for of, r in zip(owners, ratios, strict=True)]
    _zero_least(model, [rank + r.double() / (1 + r) for rank, r in zip(first, ratios, strict=True)], share)


RULES: dict[str, Callable[[nn.Module, float], None]] = {
    "threshold": prune.prune_to,
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
    count = max(prune.zeros_for(share, score.numel()), int(natural.sum()))
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
            reads = torch.arange(count, count + len(weight))
            count += len(weight)
            found[-1].append(reads.view(rows))
    return found


def fit(task: Task, rule: str, share: float) -> Fit:
    """One point of the curve: prune a fold's `qat` network while it trains, as stage `pruned` does, by any rule.

    Every zero counts, those in channels that do nothing too, so the number of zeros is that of `prune.zeros_for`; or
    that of the natural zeros, where they are more: then nothing is forced, and the support is frozen all the same.

    Args:
        task: a task of stage `pruned`; its parameters give threshold, schedule and seed, its upstream is `qat`.
        rule: a name in RULES.
        share: zeros over all ternary weights, 0..1; 0 forces nothing, whatever the rule.

    Returns:
        The network's state and predictions, and metric `zeros`, its share of zeros.
    """
    network = qat.build(task.upstream, task)
    pruned.train(network, task, share, RULES[rule])
    training.reestimate_batch_norm(network, task.x)
    zero, count = zeros(network)
    return network_fit(network, metrics={"zeros": zero / count})


def row(
    rule: str,
    share: float,
    zeros: list[float],
    before: Bool[np.ndarray, "networks n"],
    after: Bool[np.ndarray, "networks n"],
    group: Int64[np.ndarray, " n"],
) -> tuple[str, float, int, float, float, float, float, float, float, float]:
    """A row of the curve's table (COLUMNS).

    Networks of several folds and seeds that classify the same samples are no further samples: a sample's score is the
    share of them that is right, and subjects are drawn with all their samples.

    Args:
        rule, share: what `fit` was asked for.
        zeros: share of zeros of each network, 0..1.
        before: whether each network's fp32 parent classifies each fresh sample right; after: whether it does itself.
        group: subject of each sample.
    """
    accuracy = evaluate.over_subjects(after.mean(0), group)
    drop = evaluate.paired_drop(before.mean(0), after.mean(0), group)
    return (rule, share, len(after), float(np.mean(zeros)), *accuracy, *drop)


def knee(zeros: Float[np.ndarray, " n"], accuracy: Float[np.ndarray, " n"]) -> int:
    """The point of a falling curve that lies farthest above the line from its first point to its last.

    This is the rule of Satopaa et al. 2011 (Finding a "Kneedle" in a Haystack) without smoothing.

    >>> knee(np.array([0.4, 0.6, 0.8, 0.9]), np.array([0.98, 0.97, 0.95, 0.60]))
    2
    """
    chord = np.interp(zeros, zeros[[0, -1]], accuracy[[0, -1]])
    return int((accuracy - chord).argmax())


def last_within(table: pd.DataFrame, limit: float) -> int | None:
    """The sparsest row up to which the upper end of every drop's interval is at most `limit`; None where none is.

    Args:
        table: rows of one rule (COLUMNS), in order of rising zeros.
        limit: of the drop against fp32, 0..1. An interval without ends counts as outside.
    """
    inside = (table["drop_high"] <= limit).to_numpy().cumprod()
    return int(inside.sum()) - 1 if inside.any() else None
