"""Batch norm that gives its result in steps of a quantizer, and one whose gain is held to powers of two.

With a power of two for every channel's multiplier M = s_in alpha |gamma| / (sigma s_out), requantization is a shift
alone, without a product. log2 M is rounded with a straight-through gradient, and held near the end of training, as
Jain et al. 2020 (TQT, arXiv 1903.08066) do with the thresholds of their quantizers.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

HELD_EPOCHS = 4
LEAST, MOST = -24.0, 6.0  # exponents of a multiplier: no accumulator of 24 bits needs others


class Norm(nn.BatchNorm2d):
    """Batch norm with its result counted in steps, which costs no pass over the map: gamma and beta are divided."""

    def gain(self) -> Float[Tensor, " channels"]:
        """The gamma that is applied."""
        return self.weight

    def forward(
        self, x: Float[Tensor, "n channels h w"], step: float | Float[Tensor, ""] = 1.0
    ) -> Float[Tensor, "n channels h w"]:
        """(gain (x - mean) / sigma + beta) / step."""
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        assert self.momentum is not None
        statistics, affine = (self.running_mean, self.running_var), (self.gain() / step, self.bias / step)
        return nn.functional.batch_norm(x, *statistics, *affine, self.training, self.momentum, self.eps)


class PowerOfTwoNorm(Norm):
    """Batch norm whose multiplier M = |gain| unit / sigma is a power of two, by its running sigma.

    unit is what one step of x's own codes makes of a step of the result, s_in alpha / s_out; 1 in a float network,
    where then |gain| / sigma itself is a power of two. Its owner sets it. gamma gets the gradient of the gain.

    >>> norm = PowerOfTwoNorm(3)
    >>> norm.weight.data = torch.tensor([1.4, -0.3, 3.0])
    >>> norm.exponents().tolist()
    [0.0, -2.0, 2.0]
    """

    unit: Tensor
    exponent: Tensor
    held: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.register_buffer("unit", torch.ones(()))
        self.register_buffer("exponent", torch.zeros(channels))
        self.register_buffer("held", torch.tensor(False))

    @torch.no_grad()
    def exponents(self) -> Float[Tensor, " channels"]:
        """log2 M of each channel, whole numbers: where not held, the nearest to what gamma asks for."""
        asked = self.weight.abs().clamp(min=1e-30) * self.unit / self._sigma()
        return torch.where(self.held, self.exponent, (asked.log2() + 0.5).floor().clamp(LEAST, MOST))

    @torch.no_grad()
    def hold(self) -> None:
        """Keep today's exponents from now on: beta and the weights still learn."""
        self.exponent.copy_(self.exponents())
        self.held.fill_(True)

    def release(self) -> None:
        """Let the exponents follow gamma again."""
        self.held.fill_(False)

    def gain(self) -> Float[Tensor, " channels"]:
        """gamma brought to a power of two of its multiplier; 0 where it is 0."""
        with torch.no_grad():
            right = self.exponents().exp2() * self._sigma() / self.unit
            factor = right / self.weight.abs().clamp(min=1e-30)
        return self.weight * factor

    def _sigma(self) -> Tensor:
        assert self.running_var is not None
        return (self.running_var + self.eps).sqrt()


def make_norm(channels: int, power_of_two: bool) -> Norm:
    """A batch norm of either kind."""
    return PowerOfTwoNorm(channels) if power_of_two else Norm(channels)


@torch.no_grad()
def converted(norm: Norm, power_of_two: bool) -> Norm:
    """The same batch norm as the other kind, its exponents free; of a PowerOfTwoNorm, with its gain for gamma."""
    made = make_norm(norm.num_features, power_of_two).to(norm.weight.device)
    state = norm.state_dict() | {"weight": norm.gain()}
    made.load_state_dict({name: state.get(name, value) for name, value in made.state_dict().items()})
    if isinstance(made, PowerOfTwoNorm):
        made.release()
    return made.train(norm.training)


@torch.no_grad()
def code_scale(layer: nn.Module) -> Float[Tensor, "..."] | float:
    """The real value of one code of a layer's quantized weights, alpha; 1 where they are float."""
    if not parametrize.is_parametrized(layer, "weight"):
        return 1.0
    held: Any = layer.parametrizations
    scale: Tensor = held.weight[0].codes(held.weight.original)[1]
    return scale


def hold_exponents(model: nn.Module) -> None:
    """Hold the exponents of every PowerOfTwoNorm of a model."""
    for module in model.modules():
        if isinstance(module, PowerOfTwoNorm):
            module.hold()


def hold_late(model: nn.Module, epoch: int, epochs: int) -> None:
    """Hold the exponents for the last few epochs: one that changes doubles or halves a channel, however low the rate.

    Args:
        model: trained for `epochs`.
        epoch: how many are finished.
    """
    if epoch == epochs - min(HELD_EPOCHS, epochs - 1):
        hold_exponents(model)
