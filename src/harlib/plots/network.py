"""The network as a drawing: every layer with its operation, the shape it gives and its parameters."""

from itertools import pairwise

import torch
from torch import nn

from harlib.model import Block, Network
from harlib.plots.drawing import BLUE, GREEN, ORANGE, RED, Drawing

Row = tuple[str, str, tuple[int, ...], str, str]
ROW = 74
MAPS = 44.0  # x of the middle of the drawn maps


def network(model: Network) -> Drawing:
    """Draw the layers of a network from top to bottom, sized by what they give.

    Args:
        model: any number of classes; shapes and counts are read off it.
    """
    rows = _rows(model)
    drawing = Drawing(420, ROW * len(rows) + 44)
    middles = [ROW * i + ROW / 2 + 4 for i in range(len(rows))]
    for y, (name, operation, shape, count, colour) in zip(middles, rows, strict=True):
        _maps(drawing, y, shape, colour)
        drawing.text((98, y - 20), name, 14, "start", bold=True)
        drawing.text((98, y), operation, 12, "start")
        drawing.text((98, y + 18), count, 12, "start")
        drawing.text((414, y - 20), " × ".join(map(str, shape)), 14, "end")
    for above, below in pairwise(middles):
        drawing.arrow((MAPS, above + 28), (MAPS, below - 28))
    total = sum(parameter.numel() for parameter in model.parameters())
    drawing.text((414, ROW * len(rows) + 24), f"{total:,} parameters together", 14, "end", bold=True)
    return drawing


def _rows(model: Network) -> list[Row]:
    x = torch.zeros(1, 1, 64, 64)
    rows: list[Row] = [("input", "raw log magnitudes", tuple(x.shape[1:]), "no parameters", BLUE)]
    with torch.no_grad():
        x = model.input(x)
        for name, block in model.blocks.items():
            assert isinstance(block, Block)
            x = block.norm(block.convolution(x))
            layer, weights = block.convolution, block.convolution.weight.numel()
            norm = sum(parameter.numel() for parameter in block.norm.parameters())
            kernel = " × ".join(map(str, layer.kernel_size))
            step = f", stride {layer.stride[0]}" if layer.stride[0] > 1 else ""
            kind = "a filter a channel" if layer.groups > 1 else f"{layer.in_channels} → {layer.out_channels} channels"
            pad = " × ".join(str(side) for side in layer.padding)
            padding = f", padding {pad}" if any(layer.padding) else ""
            text = f"{kernel}{step}{padding}, {kind}"
            colour = GREEN if layer.groups > 1 else BLUE
            count = f"{weights:,} weights; batch norm, {norm} parameters; ReLU"
            rows.append((name, text, tuple(x.shape[1:]), count, colour))
    cells = x.shape[2] * x.shape[3]
    rows.append(("pool", f"mean over {cells:,} cells", (x.shape[1],), "no parameters", ORANGE))
    linear: nn.Linear = model.linear
    count = f"{linear.weight.numel()} weights, {linear.bias.numel()} biases"
    rows.append(("linear", "a logit a class; softmax gives probabilities", (linear.out_features,), count, RED))
    return rows


def _maps(drawing: Drawing, y: float, shape: tuple[int, ...], colour: str) -> None:
    """Maps as a stack of squares, one for four channels; a vector as a bar."""
    if len(shape) == 1:
        drawing.box((MAPS - shape[0], y - 6), (2 * shape[0], 12), colour)
        return
    side, layers = 0.5 * shape[1] + 10, max(shape[0] // 4, 1)
    for layer in reversed(range(layers)):
        shift = 4 * (layer - (layers - 1) / 2)
        drawing.box((MAPS - side / 2 + shift, y - side / 2 - shift / 2), (side, side), colour)
