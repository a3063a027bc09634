"""The network: 3,029 parameters, one convolution and two depthwise-separable ones (Zhang et al. 2017, Hello Edge).

    input            1 x 64 x 64   raw log magnitudes, brought to about unit scale
    convolution     16 x 32 x 32   10 x 4, stride 2, padding (4, 1)      640 weights
    depthwise1      16 x 32 x 32   3 x 3, one filter a channel           144
    pointwise1      32 x 32 x 32   1 x 1                                 512
    depthwise2      32 x 32 x 32   3 x 3                                 288
    pointwise2      32 x 32 x 32   1 x 1                               1,024
    pool            32             mean over 1,024 = 2^10 cells
    linear           5             160 weights, 5 biases

Each convolution is followed by batch norm (gamma, beta) and ReLU and has no bias.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from harlib.norm import Norm, PowerOfTwoNorm, code_scale, converted
from harlib.quantize import InputQuantizer, ReluQuantize, round_straight_through


class Block(nn.Module):
    """Convolution without bias, batch norm, activation (ReLU, or its quantized form)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: tuple[int, int],
        stride: int = 1,
        padding: tuple[int, int] = (0, 0),
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False)
        self.norm = Norm(out_channels)
        self.activation: nn.Module = nn.ReLU()

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out h2 w2"]:
        """Feature maps in, non-negative feature maps out."""
        result: Tensor = self.activation(self.norm(self.convolution(x)))
        return result

    def steps(
        self, x: Float[Tensor, "n c h w"], scale: float | Float[Tensor, ""], code: float | Float[Tensor, ""]
    ) -> tuple[Float[Tensor, "n out h2 w2"], float | Float[Tensor, ""]]:
        """The same with quantized maps counted in steps: scale * x in, and steps and scale of what comes out.

        The scales move into the convolution's weight and into gamma and beta, where they cost next to nothing: two
        passes over each map and their gradients are saved. Without a quantizer the scale is 1. `code` is the real value
        of one code of x, which power-of-two multipliers are counted in.
        """
        if not isinstance(self.activation, ReluQuantize):
            return self(x), 1.0
        layer, norm, out = self.convolution, self.norm, self.activation.scale()
        if isinstance(norm, PowerOfTwoNorm):
            norm.unit.copy_((code * code_scale(layer) / out).detach())
        # With one input channel the product is not marked channels-last, nor would any map behind it be: twice slower.
        weight = (layer.weight * scale).clone(memory_format=torch.channels_last)
        x = nn.functional.conv2d(x, weight, None, layer.stride, layer.padding, groups=layer.groups)
        return self.activation.steps(norm(x, out)), out


class Network(nn.Module):
    """The study's CNN; raw spectrograms in, one logit a class out.

    Args:
        classes: number of classes, 2 or more: 2,864 + 33 * classes parameters.
    """

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.input = InputQuantizer()
        self.blocks = nn.ModuleDict(
            {
                "convolution": Block(1, 16, (10, 4), stride=2, padding=(4, 1)),
                "depthwise1": Block(16, 16, (3, 3), padding=(1, 1), groups=16),
                "pointwise1": Block(16, 32, (1, 1)),
                "depthwise2": Block(32, 32, (3, 3), padding=(1, 1), groups=32),
                "pointwise2": Block(32, 32, (1, 1)),
            }
        )
        self.linear = nn.Linear(32, classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, raw: Float[Tensor, "n 1 64 64"]) -> Float[Tensor, "n classes"]:
        """Raw log magnitudes [n, 1, 64, 64] to logits [n, classes]."""
        x, scale = self.input(raw).contiguous(memory_format=torch.channels_last), cast(float | Tensor, 1.0)
        code: float | Tensor = self.input.input_scale
        for block in self.blocks.values():
            x, scale = cast(Block, block).steps(x, scale, code)
            code = scale
        result: Tensor = self.linear(scale * self.pool(x))
        return result

    def pool(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c"]:
        """Mean over the map; of quantized maps, in steps, it is rounded to a step as the integer pool rounds."""
        if x.requires_grad and not torch.compiler.is_compiling():
            # The mean's gradient is an expanded view, which slows every layer behind it.
            x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))
        mean = x.mean((2, 3))
        last: Any = list(self.blocks.values())[-1].activation
        return round_straight_through(mean) if isinstance(last, ReluQuantize) else mean


def set_norms(model: Network, power_of_two: bool) -> None:
    """Make every batch norm one whose multipliers are powers of two, or a free one, in place."""
    for module in model.blocks.values():
        block = cast(Block, module)
        block.norm = converted(block.norm, power_of_two)


def quantize_activations(
    model: Network, raw: Float[Tensor, "n 1 64 64"], make: Callable[[], ReluQuantize] = ReluQuantize
) -> None:
    """Round the input to 8 bits and replace every ReLU by a quantizer whose scale is observed on `raw`, in place.

    Call it after ternarization, so that the scales fit what the ternary layers give.

    Args:
        model: as it is when the quantizers come in.
        raw: training samples.
        make: gives a new quantizer, of 8 bits and learned scale and zero point by default.
    """
    model.input.rounded.fill_(True)
    for block in model.blocks.values():
        block.activation = make()
    observe_activations(model, raw)


@torch.no_grad()
def observe_activations(model: Network, raw: Float[Tensor, "n 1 64 64"]) -> None:
    """Set every activation quantizer's scale by what it sees of `raw`, in place.

    Block by block, each behind the quantized blocks before it, with the batch-norm mode the model is in.
    """
    x = model.input(raw).contiguous(memory_format=torch.channels_last)
    for module in model.blocks.values():
        block: Any = module
        quantizer = block.activation
        x = block.norm(block.convolution(x))
        quantizer.observe(x)
        x = quantizer(x)


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Trainable parameters a layer: the layer's name to its number of values."""
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        counts[name] = counts.get(name, 0) + parameter.numel()
    return counts
