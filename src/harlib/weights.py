"""Weight quantizers behind one interface, so that one training loop serves all of them.

A quantizer is a parametrization: `codes(weight)` gives integer codes and the real value of one code, `forward` their
product, and backward says how the gradient reaches the float master weights. Rules (a threshold, a sort, a rounding)
pass it straight through; learned scales get the gradient of the paper that proposed them. Weights are rounded half
away from zero, so that every rule but one with an even number of levels is symmetric.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from harlib.ternary import StraightThrough, Ternary, least_squares_alpha, magnitude_ratio, optimal

Weight = Float[Tensor, "out ..."]
Codes = tuple[Float[Tensor, "out ..."], Float[Tensor, "..."]]


def _nearest(ratio: Tensor, low: int, high: int) -> Tensor:
    """The nearest integer in low..high, halves away from zero."""
    return (ratio.sign() * torch.floor(ratio.abs() + 0.5)).clamp(low, high)


class ExactTernary(StraightThrough):
    """The nearest alpha W' of all, found by sorting at every step (`ternary.optimal`).

    >>> ExactTernary()(torch.tensor([1.0, -0.25, 0.25, -0.75, 0.0])).tolist()
    [0.875, 0.0, 0.0, -0.875, 0.0]
    """

    def codes(self, weight: Weight) -> Codes:
        """W' and alpha of least distance."""
        codes, alpha = optimal(weight)
        return codes.to(weight.dtype), alpha


class ChannelTernary(StraightThrough):
    """The threshold rule with a threshold and an alpha for each output channel.

    >>> ChannelTernary(0.7)(torch.tensor([[1.0, -0.25, 0.5], [0.125, 0.03125, -0.125]])).tolist()
    [[0.75, 0.0, 0.75], [0.125, 0.0, -0.125]]
    """

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold

    def codes(self, weight: Weight) -> Codes:
        """W' and one alpha a channel [out, 1, ...]."""
        found = [(magnitude_ratio(channel, self.threshold) > 1, channel) for channel in weight]
        alpha = torch.stack([least_squares_alpha(channel, kept) for kept, channel in found])
        kept = torch.stack([kept for kept, _ in found])
        return weight.sign() * kept, alpha.view(-1, *[1] * (weight.ndim - 1))


class AbsmeanTernary(StraightThrough):
    """Round W / E|W| to -1, 0, +1 (Ma et al. 2024, BitNet b1.58, arXiv 2402.17764, eq. 1-3).

    The same as the threshold rule with t = 1/2, with E|W| over all weights in place of the least-squares alpha.

    >>> AbsmeanTernary()(torch.tensor([1.0, -0.125, 0.5, -0.75, 0.125])).tolist()
    [0.5, 0.0, 0.5, -0.5, 0.0]
    """

    def codes(self, weight: Weight) -> Codes:
        """W' and E|W|."""
        scale = weight.abs().mean()
        return _nearest(weight / scale.clamp(min=torch.finfo(weight.dtype).tiny), -1, 1), scale


class Binary(StraightThrough):
    """Sign times E|W|, the least-squares scale without zeros (Rastegari et al. 2016, arXiv 1603.05279, eq. 6).

    >>> Binary()(torch.tensor([1.0, -0.125, 0.5, -0.75, 0.125])).tolist()
    [0.5, -0.5, 0.5, -0.5, 0.5]
    """

    def codes(self, weight: Weight) -> Codes:
        """-1 or +1, and E|W|."""
        return torch.where(weight < 0, -1.0, 1.0).to(weight.dtype), weight.abs().mean()


class TrainedTernary(nn.Module):
    """The threshold rule's support with a learned scale for each sign (TTQ: Zhu et al. 2017, arXiv 1612.01064).

    A scale is s0 exp(p) and starts at the least-squares value of its sign. Its gradient is the sum over the weights
    that use it; a master weight's gradient is multiplied by the scale that it uses, or by 1 where the code is 0. The
    paper's threshold is a share of max|W|; here it is t E|W|, so that only the scales differ from the other rules.

    >>> TrainedTernary(0.7, w := torch.tensor([1.0, -0.25, 0.5, -0.5, 0.25]))(w).tolist()
    [0.75, 0.0, 0.75, -0.5, 0.0]
    """

    initial_positive: Tensor
    initial_negative: Tensor
    log_positive: Tensor
    log_negative: Tensor

    def __init__(self, threshold: float, weight: Weight) -> None:
        super().__init__()
        self.threshold = threshold
        kept = magnitude_ratio(weight.detach(), threshold) > 1
        for name, mask in (("positive", kept & (weight > 0)), ("negative", kept & (weight < 0))):
            self.register_buffer(f"initial_{name}", least_squares_alpha(weight.detach(), mask).clamp(min=1e-6))
            self.register_parameter(f"log_{name}", nn.Parameter(torch.zeros((), dtype=weight.dtype)))

    def codes(self, weight: Weight) -> Codes:
        """W', and for each weight the scale of its sign."""
        kept = magnitude_ratio(weight, self.threshold) > 1
        positive, negative = (
            self.initial_positive * self.log_positive.exp(),
            self.initial_negative * self.log_negative.exp(),
        )
        return weight.sign() * kept, torch.where(weight < 0, negative, positive)

    def forward(self, weight: Weight) -> Weight:
        """The real weights."""
        codes, scale = self.codes(weight.detach())
        factor = torch.where(codes == 0, 1.0, scale).detach()
        return codes * scale + factor * (weight - weight.detach())


class LearnedStep(nn.Module):
    """Uniform levels with a learned step (Esser et al. 2020, LSQ, arXiv 1902.08153, eq. 1-3): s clamp(round(W / s)).

    Codes -1..1 for "ternary", -2^(b-1)..2^(b-1)-1 for b bits. s = s0 exp(p) starts at 2 E|W| / sqrt(largest code). Its
    gradient is code - W/s inside the range and the code outside; a weight outside gets none.

    >>> LearnedStep(-1, 1, w := torch.tensor([1.0, -0.125, 0.5, -0.75, 0.125]))(w).tolist()
    [1.0, 0.0, 1.0, -1.0, 0.0]
    """

    initial_scale: Tensor

    def __init__(self, low: int, high: int, weight: Weight) -> None:
        super().__init__()
        self.low, self.high = low, high
        scale = 2 * weight.detach().abs().mean() / high**0.5
        self.register_buffer("initial_scale", scale.clamp(min=1e-6))
        self.log_scale = nn.Parameter(torch.zeros((), dtype=weight.dtype))

    def codes(self, weight: Weight) -> Codes:
        """Codes low..high and the step."""
        scale = self.initial_scale * self.log_scale.exp()
        return _nearest(weight / scale, self.low, self.high), scale

    def forward(self, weight: Weight) -> Weight:
        """The real weights."""
        scale = self.initial_scale * self.log_scale.exp()
        inside = (weight / scale).clamp(self.low, self.high)
        return scale * (inside + (_nearest(inside, self.low, self.high) - inside).detach())


def _bits(bits: int) -> Callable[[float, Weight], nn.Module]:
    return lambda _, weight: LearnedStep(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, weight)


RULES: dict[str, Callable[[float, Weight], nn.Module]] = {
    "threshold": lambda threshold, weight: Ternary(threshold, weight.shape),
    "exact": lambda _, weight: ExactTernary(),
    "channel": lambda threshold, weight: ChannelTernary(threshold),
    "two-scales": TrainedTernary,
    "learned-step": lambda _, weight: LearnedStep(-1, 1, weight),
    "absmean": lambda _, weight: AbsmeanTernary(),
    "binary": lambda _, weight: Binary(),
    "2-bit": _bits(2),
    "4-bit": _bits(4),
    "8-bit": _bits(8),
}
"""Each rule's quantizer for a threshold and the weight that it will hold; a rule without a threshold ignores it."""


def quantize_weights(model: nn.Module, rule: str, threshold: float, eight_bit_ends: bool = False) -> None:
    """Give every convolution and linear layer of the model quantized weights, in place.

    Args:
        model: layers in the order in which data flows.
        rule: a name in RULES, or "float", which leaves the weights as they are.
        threshold: t of the rules that have one.
        eight_bit_ends: the first and the last layer take "8-bit" instead.
    """
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        held = "8-bit" if eight_bit_ends and layer in (layers[0], layers[-1]) else rule
        if held != "float":
            parametrize.register_parametrization(layer, "weight", RULES[held](threshold, layer.weight))
