"""Batch norm folded into the convolution before it, so that the weights stay ternary (Jacob et al. 2018, sec. 3.2).

With W = alpha W', a batch norm's gamma / sigma goes into the channel's multiplier instead of into the weights:

    gamma (alpha s_in acc - mu) / sigma + beta  =  s_out (M acc' + offset)

where acc = sum W' (x - z_in) counts in codes, M = s_in alpha |gamma| / (sigma s_out) >= 0 and a negative gamma has
flipped the signs of W'. The order is flip, then round: rounding half up before a flip would round half down.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int8
from torch import Tensor, nn

from harlib.integer.folded import FoldedConv, FoldedLinear
from harlib.integer.model import Conv2d, GlobalAveragePool, IntegerModel
from harlib.model import Block, Network
from harlib.norm import PowerOfTwoNorm
from harlib.quantize import ReluQuantize, round_half_up
from harlib.ternary import Ternary, least_squares_alpha, ternary_layers

Codes = Float64[Tensor, "n c h w"]


def fold_batch_norm(block: Block, name: str, input_scale: float, input_zero_point: int) -> FoldedConv:
    """Fold one block's batch norm in float64.

    Args:
        block: ternary convolution, batch norm in evaluation mode, quantized activation.
        name: the layer's name.
        input_scale: real value of one step of the codes that go in.
        input_zero_point: their code of real 0.
    """
    ((layer, held, master),) = ternary_layers(block)
    convolution: Any = layer
    quantizer, norm = block.activation, block.norm
    assert isinstance(quantizer, ReluQuantize)
    codes, alpha = _codes(held, master)
    gamma, beta, mean = (_float64(value) for value in (norm.gain(), norm.bias, norm.running_mean))
    sigma = np.sqrt(_float64(norm.running_var) + norm.eps)
    output_scale, output_zero_point = quantizer.exported_scale(), int(quantizer.zero_point().detach())
    flip = np.where(gamma < 0, -1, 1).astype(np.int8)
    multiplier = input_scale * alpha * np.abs(gamma) / (sigma * output_scale)
    if isinstance(norm, PowerOfTwoNorm):
        multiplier = np.where(gamma == 0, 0.0, 2.0 ** _float64(norm.exponents()))
        gamma = np.where(gamma < 0, -1, 1) * multiplier * sigma * output_scale / (input_scale * alpha)
    return FoldedConv(
        name=name,
        weight=codes * flip[:, None, None, None],
        real_multiplier=multiplier,
        offset=(beta - gamma * mean / sigma) / output_scale,
        stride=convolution.stride,
        padding=convolution.padding,
        groups=convolution.groups,
        input_zero_point=input_zero_point,
        output_scale=output_scale,
        output_zero_point=output_zero_point,
        clamp=(output_zero_point, quantizer.top),
        weight_scale=alpha,
    )


def fold_network(network: Network) -> tuple[list[FoldedConv], FoldedLinear]:
    """Fold every batch norm of a network with ternary weights and quantized activations."""
    scale, zero_point = float(network.input.input_scale), int(network.input.input_zero_point)
    convolutions = []
    for name, block in network.blocks.items():
        assert isinstance(block, Block)
        convolutions.append(fold_batch_norm(block, name, scale, zero_point))
        scale, zero_point = convolutions[-1].output_scale, convolutions[-1].output_zero_point
    ((_, held, master),) = ternary_layers(network.linear)
    codes, alpha = _codes(held, master)
    linear = FoldedLinear(
        name="linear",
        weight=codes,
        bias=_float64(network.linear.bias),
        input_zero_point=zero_point,
        weight_scale=alpha,
        logit_scale=scale * alpha,
    )
    return convolutions, linear


def _codes(held: Ternary, master: Tensor) -> tuple[Int8[np.ndarray, "..."], float]:
    """W' and alpha; alpha in float64, since sums in float32 depend on the processor, and a model file should not."""
    codes = held.codes(master.detach())[0]
    alpha = least_squares_alpha(master.detach().double(), codes != 0)
    return codes.to(torch.int8).cpu().numpy(), float(alpha)


def before_rounding(folded: FoldedConv, codes: Codes) -> Float64[Tensor, "n out h2 w2"]:
    """M acc + offset, in output steps and not yet rounded: times s_out it is what the batch norm gives.

    Args:
        folded: the layer.
        codes: its input codes 0..255 as float64.
    """
    weight = torch.from_numpy(folded.weight).double()
    centred = codes - folded.input_zero_point
    accumulator = nn.functional.conv2d(centred, weight, None, folded.stride, folded.padding, groups=folded.groups)
    multiplier, offset = torch.from_numpy(folded.real_multiplier), torch.from_numpy(folded.offset)
    return accumulator * multiplier[:, None, None] + offset[:, None, None]


def _float64(value: Tensor | None) -> Float64[np.ndarray, " n"]:
    assert value is not None
    result: Float64[np.ndarray, " n"] = value.detach().cpu().double().numpy()
    return result


@torch.no_grad()
def trace(model: IntegerModel, codes: Codes) -> dict[str, Float64[Tensor, "n ..."]]:
    """The folded network in float64: every layer's output codes by layer name, in order; the last are the logits.

    It is torch's convolution with the integer model's rounded biases and M = multiplier / 2^shift. Products of an
    accumulator of 24 bits and a multiplier of at most 29 bits are exact in float64, so its codes are the integers'.

    Args:
        model: what was exported.
        codes: input codes 0..255 as float64.
    """
    found: dict[str, Tensor] = {}
    x = codes
    for layer in model.layers:
        centred = x - layer.input_zero_point
        if isinstance(layer, Conv2d):
            weight, bias = torch.from_numpy(layer.weights).double(), torch.from_numpy(layer.biases).double()
            accumulator = nn.functional.conv2d(centred, weight, bias, layer.stride, layer.padding, groups=layer.groups)
            multiplier = torch.from_numpy(layer.multipliers / 2.0**layer.shifts)[:, None, None]
            x = (round_half_up(accumulator * multiplier) + layer.output_zero_point).clamp(*layer.clamp)
        elif isinstance(layer, GlobalAveragePool):
            mean = centred.sum((2, 3)) * (layer.multiplier / 2**layer.shift)
            x = round_half_up(mean) + layer.input_zero_point
        else:
            weight, bias = torch.from_numpy(layer.weights).double(), torch.from_numpy(layer.biases).double()
            x = nn.functional.linear(centred, weight, bias)
        found[layer.name] = x
    return found
