"""Tables for the book's page of questions, from the first fold of a run: what becomes of one channel, and of a file."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from safetensors.numpy import load_file, save

from harlib import files
from harlib.errors import HarlibError
from harlib.integer import model as model_file
from harlib.integer.footprint import footprint
from harlib.integer.model import Conv2d, IntegerModel, Linear
from harlib.runs import Run

FOLD = 0
LAYER = "depthwise1"  # 3 x 3 weights a channel: few enough to print
EPSILON = 1e-5  # of torch's batch norm


def write(run: Path, target: Path) -> None:
    """Write integers.md and sizes.md, parts of a MyST page.

    Raises:
        HarlibError: the run lacks a file.
    """
    network = model_file.load(run / f"models/fold{FOLD}.json")
    path = Run(run).checkpoint("pruned", FOLD)
    if not path.is_file():
        raise HarlibError(f"{path} is missing: run the study again with `harlib run`")
    state = load_file(path)
    files.write(target / "integers.md", integers(network, state))
    files.write(target / "sizes.md", sizes(network, state, (run / f"models/fold{FOLD}.json").read_bytes()))


def integers(network: IntegerModel, state: dict[str, Any]) -> str:
    """One channel of the trained network beside what the model file holds of it."""
    place = next(i for i, layer in enumerate(network.convolutions) if layer.name == LAYER)
    layer, before = network.convolutions[place], network.convolutions[place - 1]
    channel = next(c for c in range(layer.out_channels) if np.any(layer.weights[c]))
    block = f"blocks.{LAYER}"
    weight = state[f"{block}.convolution.parametrizations.weight.original"][channel, 0]
    gamma, beta, mean, variance = (
        float(state[f"{block}.norm.{name}"][channel]) for name in ("weight", "bias", "running_mean", "running_var")
    )
    sigma = float(np.sqrt(variance + EPSILON))
    alpha = layer.weight_scale if isinstance(layer.weight_scale, float) else layer.weight_scale[channel]
    factor = before.output_scale * alpha * abs(gamma) / (sigma * layer.output_scale)
    offset = (beta - gamma * mean / sigma) / layer.output_scale
    multiplier, shift = layer.multiplier[channel], layer.shift[channel]
    rows = [
        ("weights $W$, 32 bits each", _matrix(weight, ".3f"),
         "$W'$, 2 bits each", _matrix(layer.weights[channel, 0], "+d").replace("+0", "0")),
        ("scale of the weights $\\alpha$", f"{alpha:.5f}", "none: it is part of $M$", ""),
        ("scales $s_\\mathrm{in}$, $s_\\mathrm{out}$", f"{before.output_scale:.5f}, {layer.output_scale:.5f}",
         "none: part of $M$", ""),
        ("batch norm $\\gamma$, $\\beta$, $\\mu$, $\\sigma$", f"{gamma:.3f}, {beta:.3f}, {mean:.3f}, {sigma:.3f}",
         "none: part of $M$ and $B$", ""),
        ("$\\lvert M \\rvert = s_\\mathrm{in} \\alpha \\lvert \\gamma \\rvert / (\\sigma s_\\mathrm{out})$",
         f"{factor:.7f}", "multiplier, shift", f"${multiplier} / 2^{{{shift}}}$ = {multiplier / 2**shift:.7f}"),
        ("$(\\beta - \\gamma \\mu / \\sigma) / (s_\\mathrm{out} \\lvert M \\rvert)$", f"{offset / factor:.3f}",
         "bias $B$", f"{layer.bias[channel]}"),
    ]  # fmt: skip
    lines = [f"| {a} | {b} | {c} | {d} |" for a, b, c, d in rows]
    head = f"Channel {channel + 1} of `{LAYER}`, first fold: the pruned network and its model file.\n\n"
    flipped = "Its $\\gamma$ is negative, so the signs of $W'$ are flipped. " if gamma < 0 else ""
    return (
        head + "| in the trained network | value | in the model file | value |\n|---|---|---|---|\n"
        + "\n".join(lines) + f"\n\n{flipped}{_saved(weight, layer, channel)}\n"
    )  # fmt: skip


def _matrix(values: Any, form: str) -> str:
    return "<br>".join("&nbsp;".join(format(value, form) for value in row) for row in values.tolist())


def _saved(weight: Any, layer: Conv2d, channel: int) -> str:
    zeros = int((layer.weights[channel] == 0).sum())
    return f"{zeros} of the {weight.size} weights became 0; no float of the left column is needed to compute a code."


def sizes(network: IntegerModel, state: dict[str, Any], model_text: bytes) -> str:
    """What the same network takes as files, and as what an engine needs."""
    layers: list[Conv2d | Linear] = [*network.convolutions, network.linear]
    fake = np.concatenate([_fake(layer) for layer in layers])
    packed = sum(part.stored_bytes for part in footprint(network))
    rows = [
        ("checkpoint after training, 32-bit floats", len(save(state))),
        (f"its {fake.size:,} weights alone, as floats", 4 * fake.size),
        ("the same, fake-quantized: $\\alpha W'$ in floats", fake.nbytes),
        ("the same, fake-quantized and compressed by gzip", len(gzip.compress(fake.tobytes(), mtime=0))),
        ("the same, packed four a byte", footprint(network)[0].stored_bytes),
        ("all integers that an engine needs, packed", packed),
        ("the model file: those integers as JSON text, for people and programs", len(model_text)),
    ]
    lines = [f"| {name} | {size:,} |" for name, size in rows]
    return "| what (first fold) | bytes |\n|---|--:|\n" + "\n".join(lines) + "\n"


def _fake(layer: Conv2d | Linear) -> Float32[np.ndarray, " n"]:
    scale = np.asarray(layer.weight_scale, np.float32).reshape(-1, *[1] * (layer.weights.ndim - 1))
    values: Float32[np.ndarray, " n"] = (scale * layer.weights).astype(np.float32).ravel()
    return values
