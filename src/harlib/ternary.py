"""Ternary weights: W ~ alpha W' with W' in {-1, 0, +1} (Li et al. 2016, Ternary Weight Networks, arXiv 1605.04711).

For a given support the least-squares alpha is the mean |W| over it; the support is chosen either by the threshold rule
|W| > t E|W| or exactly, by sorting.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int8
from torch import Tensor, nn
from torch.nn.utils import parametrize


def support(weight: Float[Tensor, "*shape"], threshold: float) -> Bool[Tensor, "*shape"]:
    """Where |W| > threshold * E|W|, the mean taken over the whole tensor (eq. 6 of Li et al., with t for 0.7).

    Args:
        weight: float weights of one layer.
        threshold: t > 0, a multiple of the layer's mean magnitude.
    """
    return magnitude_ratio(weight, threshold) > 1


def magnitude_ratio(weight: Float[Tensor, "*shape"], threshold: float | Tensor) -> Float[Tensor, "*shape"]:
    """|W| / (t E|W|): above 1 a weight is kept, and the smaller it is the earlier pruning takes it."""
    magnitude = weight.abs()
    return magnitude / (threshold * magnitude.mean()).clamp(min=torch.finfo(weight.dtype).tiny)


def least_squares_alpha(weight: Float[Tensor, "*shape"], kept: Bool[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """The alpha >= 0 that minimises ||W - alpha W'|| for a support: the mean |W| over it; 0 for an empty support."""
    return (weight.abs() * kept).sum() / kept.sum().clamp(min=1)


def ternarize(weight: Float[Tensor, "*shape"], threshold: float) -> tuple[Int8[Tensor, "*shape"], Float[Tensor, ""]]:
    """Ternary weights and alpha by the threshold rule.

    >>> w = torch.tensor([0.9, -0.1, 0.4, -0.7, 0.0])
    >>> codes, alpha = ternarize(w, threshold=0.7)
    >>> codes.tolist(), round(float(alpha), 4)
    ([1, 0, 1, -1, 0], 0.6667)
    """
    kept = support(weight, threshold)
    return (weight.sign() * kept).to(torch.int8), least_squares_alpha(weight, kept)


def optimal(weight: Float[Tensor, "*shape"]) -> tuple[Int8[Tensor, "*shape"], Float[Tensor, ""]]:
    """The exact minimum of ||W - alpha W'|| over every support and alpha, in O(n log n).

    With the k largest |W| kept the distance is sum W^2 - (sum of the k)^2 / k, so the best support is a prefix of the
    sorted magnitudes and one cumulative sum finds it.

    >>> w = torch.tensor([1.0, -0.1, 0.35, -0.9, 0.0])
    >>> ternarize(w, threshold=0.7)[0].tolist()
    [1, 0, 1, -1, 0]
    >>> codes, alpha = optimal(w)
    >>> codes.tolist(), round(float(alpha), 4)
    ([1, 0, 0, -1, 0], 0.95)
    """
    order = weight.abs().flatten().sort(descending=True).indices
    magnitude = weight.abs().flatten()[order].double().cpu()  # a GPU adds up in any order
    count = torch.arange(1, magnitude.numel() + 1, dtype=torch.float64)
    best = int((magnitude.cumsum(0) ** 2 / count).argmax()) + 1
    kept = torch.zeros_like(order, dtype=torch.bool)
    kept[order[:best]] = True
    kept = kept.view(weight.shape)
    return (weight.sign() * kept).to(torch.int8), least_squares_alpha(weight, kept)


def distance(
    weight: Float[Tensor, "*shape"], codes: Int8[Tensor, "*shape"], alpha: Float[Tensor, ""]
) -> Float[Tensor, ""]:
    """||W - alpha W'||_2 relative to ||W||_2, in 0..1 for the best alpha."""
    relative: Tensor = torch.linalg.vector_norm(weight - alpha * codes) / torch.linalg.vector_norm(weight)
    return relative


class StraightThrough(nn.Module):
    """Parametrization of a layer's weight by a rule: forward gives scale * codes, backward passes the gradient to W.

    That is the straight-through estimator of Bengio et al. 2013 (arXiv 1308.3432). No gradient flows through the
    scale or a threshold: both follow W at every step.
    """

    def codes(self, weight: Float[Tensor, "*shape"]) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "..."]]:
        """Integer codes as floats and the real value of one code."""
        raise NotImplementedError

    def forward(self, weight: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The quantized weight, with the gradient of the identity."""
        with torch.no_grad():
            codes, scale = self.codes(weight)
            residual = scale * codes - weight
        return weight + residual


class Ternary(StraightThrough):
    """Alpha W' by the threshold rule.

    `cut` >= 1 raises the threshold when the network is pruned; once frozen, the support stays and only signs and alpha
    still move.
    """

    threshold: Tensor
    cut: Tensor
    kept: Tensor
    frozen: Tensor

    def __init__(self, threshold: float, shape: torch.Size) -> None:
        super().__init__()
        self.register_buffer("threshold", torch.tensor(threshold))
        self.register_buffer("cut", torch.ones(()))
        self.register_buffer("kept", torch.ones(shape, dtype=torch.bool))
        self.register_buffer("frozen", torch.tensor(False))

    def codes(self, weight: Float[Tensor, "*shape"]) -> tuple[Float[Tensor, "*shape"], Float[Tensor, ""]]:
        """W' as floats and alpha, for float master weights."""
        kept = torch.where(self.frozen, self.kept, magnitude_ratio(weight, self.threshold) > self.cut)
        return torch.where(weight < 0, -1.0, 1.0).to(weight.dtype) * kept, least_squares_alpha(weight, kept)

    def freeze(self, weight: Float[Tensor, "*shape"]) -> None:
        """Keep today's support from now on."""
        codes, _ = self.codes(weight)
        self.kept.copy_(codes != 0)
        self.frozen.fill_(True)


def ternary_layers(model: nn.Module) -> list[tuple[nn.Module, Any, nn.Parameter]]:
    """Every layer with quantized weights, its parametrization (such as `Ternary`) and its float master."""
    found: list[tuple[nn.Module, Any, nn.Parameter]] = []
    for layer in model.modules():
        if parametrize.is_parametrized(layer, "weight"):
            held: Any = layer.parametrizations
            found.append((layer, held.weight[0], held.weight.original))
    return found


def make_ternary(model: nn.Module, threshold: float) -> None:
    """Give every convolution and linear layer of the model ternary weights, in place."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", Ternary(threshold, layer.weight.shape))


def zeros(model: nn.Module) -> tuple[int, int]:
    """Zero ternary weights and all ternary weights of a model."""
    codes = [held.codes(weight)[0] for _, held, weight in ternary_layers(model)]
    return sum(int((code == 0).sum()) for code in codes), sum(code.numel() for code in codes)
