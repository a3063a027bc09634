"""Uniform affine quantization to 8 bits (or fewer) with a learned scale and zero point.

Fake quantization (Jacob et al. 2018, arXiv 1712.05877) with the gradients of LSQ and LSQ+ (Esser et al. 2020,
arXiv 1902.08153; Bhalgat et al. 2020, arXiv 2004.09576). Rounding is floor(x + 1/2), as the integer engines round.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 255


def round_half_up(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """floor(x + 1/2); torch.round goes half to even, so a network trained with it and an engine would differ.

    >>> round_half_up(torch.tensor([-1.5, -0.5, 0.49, 0.5, 2.5])).tolist()
    [-1.0, 0.0, 0.0, 1.0, 3.0]
    """
    return torch.floor(x + 0.5)


def round_straight_through(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """round_half_up forward, identity backward."""
    return x + (round_half_up(x) - x).detach()


class _RoundClamp(torch.autograd.Function):
    """clamp(floor(x + 1/2), 0, top): one fused mask a gradient, where composed operations would take six passes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, top: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        ctx.top = float(top)
        return (x + 0.5).floor_().clamp_(0.0, ctx.top)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        (gradient,) = gradients
        (x,) = ctx.saved_tensors
        inside = torch.ops.aten.hardtanh_backward(gradient, x, -0.5, ctx.top + 0.5)  # the gradient inside, else 0
        above = torch.ops.aten.threshold_backward(gradient, x, ctx.top + 0.5)  # the gradient above, else 0
        return inside, above.sum()


class ReluQuantize(nn.Module):
    """ReLU followed by fake quantization to unsigned codes: x^ = s (clamp(floor(x/s + 1/2) + z, z, top) - z).

    The scale is s = s0 exp(p) > 0 with p learned: under Adam a raw scale near 0.02 jumps by half of itself in a step.
    The zero point is a latent float, rounded straight-through to an integer in 0..top. Gradients: x passes where it is
    not clamped; s receives (code - x/s) inside and the clamp's code outside (LSQ eq. 3); z receives -s where x is
    above the top code (LSQ+). No gradient scale is applied: Adam's step does not depend on it.

    Args:
        scale: s0, in units of x; zero_point: where the latent z starts.
        top: the largest code, 255 for 8 bits, 2^b - 1 for b.
        learn_scale, learn_zero_point: whether p and the latent z get gradients.

    >>> quantizer = ReluQuantize(scale=0.5)
    >>> quantizer(torch.tensor([-1.0, 0.2, 0.25, 1.1, 500.0])).tolist()
    [0.0, 0.0, 0.5, 1.0, 127.5]
    """

    initial_scale: Tensor

    def __init__(
        self,
        scale: float = 1.0,
        zero_point: float = 0.0,
        top: int = LEVELS,
        learn_scale: bool = True,
        learn_zero_point: bool = True,
    ) -> None:
        super().__init__()
        self.top = top
        self.register_buffer("initial_scale", torch.tensor(float(scale)))
        self.log_scale = nn.Parameter(torch.zeros(()), requires_grad=learn_scale)
        self.latent_zero_point = nn.Parameter(torch.tensor(float(zero_point)), requires_grad=learn_zero_point)

    def scale(self) -> Float[Tensor, ""]:
        """The step s between two codes, in units of x."""
        return self.initial_scale * self.log_scale.exp()

    def exported_scale(self) -> float:
        """The same in float64: exponentials in float32 differ in their last bit from processor to processor."""
        return float(self.initial_scale) * math.exp(float(self.log_scale.detach()))

    def zero_point(self) -> Float[Tensor, ""]:
        """The code of real 0, an integer in 0..top held as a float."""
        return round_straight_through(self.latent_zero_point.clamp(0, self.top))

    def steps(self, ratio: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Codes less the zero point, of values given in units of the scale: clamp(floor(ratio + 1/2), 0, top - z)."""
        top = self.top - self.zero_point()
        if torch.compiler.is_compiling():
            # Composed operations, which the compiler fuses: clamped before they are rounded, a hair inside, since at a
            # tie `minimum` would halve the gradient.
            return round_straight_through(torch.minimum(ratio.clamp(min=-0.5), top + (0.5 - 2.0**-15)))
        result: Tensor = _RoundClamp.apply(ratio, top)  # type: ignore[no-untyped-call]
        return result

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Real values in, real values on the grid of codes out, same shape."""
        scale = self.scale()
        return scale * self.steps(x / scale)

    def observe(self, x: Float[Tensor, "*shape"], share: float = 0.9999) -> None:
        """Set the scale so that this share of the values of x is not above the top code."""
        values = x.detach().flatten().cpu()  # torch refuses kthvalue on a GPU where results must repeat
        index = max(1, int(share * values.numel()))
        top = values.kthvalue(index).values.clamp(min=1e-6)
        self.initial_scale.copy_(top / self.top)
        self.log_scale.data.zero_()


class InputQuantizer(nn.Module):
    """Raw spectrogram to network input: q = clip((raw - low) * 255 / (high - low), 0, 255), then scale * (q - z).

    Low, high, scale and z come from the training folds. z is the code of the noise floor, so that padding with real 0
    pads with noise floor. In float64, as the integer model's contract says; `rounded` switches floor(q + 1/2) on.
    """

    low: Tensor
    high: Tensor
    input_scale: Tensor
    input_zero_point: Tensor
    rounded: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, value in (("low", 0.0), ("high", 255.0), ("input_scale", 1.0), ("input_zero_point", 0.0)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))
        self.register_buffer("rounded", torch.tensor(False))

    def observe(self, raw: Float[Tensor, "n 1 h w"]) -> None:
        """Range between the 0.1 % and 99.9 % quantiles, zero at the median, scale 1 / standard deviation of codes."""
        values = raw.flatten().double().sort().values
        low, middle, high = (values[int(share * (values.numel() - 1))] for share in (0.001, 0.5, 0.999))
        if not high > low:
            high = low + 1
        self.low.copy_(low)
        self.high.copy_(high)
        self.input_zero_point.copy_(self.codes(middle))
        self.input_scale.copy_(1 / self.codes(values).std().clamp(min=1))

    def codes(self, raw: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Codes 0..255, rounded half up, in float64."""
        return round_half_up(self._position(raw)).clamp(0, LEVELS)

    def _position(self, raw: Tensor) -> Tensor:
        return (raw.double() - self.low) * LEVELS / (self.high - self.low)

    def forward(self, raw: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Raw log magnitudes in, real network input out, in raw's dtype."""
        exact = self._position(raw)
        position = torch.where(self.rounded, round_half_up(exact), exact).clamp(0, LEVELS)
        return (self.input_scale * (position - self.input_zero_point)).to(raw.dtype)
