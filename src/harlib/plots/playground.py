"""Still pictures of the playground's widgets, for readers whose browser runs no scripts."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from matplotlib.figure import Figure

from harlib.integer import oracle
from harlib.integer.model import IntegerModel
from harlib.integer.requantize import dyadic
from harlib.plots.style import PALETTE, SPECTROGRAM
from harlib.ternary import distance, ternarize


def classify(model: IntegerModel, codes: UInt8[np.ndarray, "h w"]) -> Figure:
    """An input, four maps of each convolution, and the logits."""
    outputs = oracle.trace(model, codes[None])
    figure = plt.figure(figsize=(10, 4.2))
    grid = figure.add_gridspec(4, len(model.convolutions) + 8)
    picture = figure.add_subplot(grid[:, :4])
    picture.imshow(codes, cmap=SPECTROGRAM, vmin=0, vmax=255, origin="lower")
    picture.set(title="input", xticks=[], yticks=[])
    for column, layer in enumerate(model.convolutions):
        maps = outputs[layer.name][0]
        for row, image in enumerate(maps[:4]):
            axis = figure.add_subplot(grid[row, 4 + column])
            axis.imshow(image, cmap=SPECTROGRAM, vmin=0, vmax=max(1, int(maps.max())), origin="lower")
            axis.set(xticks=[], yticks=[])
            if row == 0:
                axis.set_title(layer.name, fontsize="xx-small")
    bars = figure.add_subplot(grid[:, -4:])
    logits = outputs[model.linear.name][0]
    bars.barh(
        model.classes, logits, color=[PALETTE[1] if i == logits.argmax() else PALETTE[0] for i in range(len(logits))]
    )
    bars.invert_yaxis()
    bars.set(title="logits", xlabel="whole numbers")
    plt.close(figure)
    return figure


def threshold(weights: Float32[np.ndarray, " n"], name: str, chosen: float) -> Figure:
    """A layer's weights with the threshold, and distance and zeros over t."""
    held = torch.from_numpy(weights.astype(np.float64))
    codes, alpha = ternarize(held, chosen)
    delta = chosen * float(held.abs().mean())
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
    left.hist(weights, bins=48, color=PALETTE[0])
    for sign in (-1, 1):
        left.axvline(sign * delta, color=PALETTE[3], linestyle="--", label="$\\pm\\Delta$" if sign > 0 else None)
        left.axvline(sign * float(alpha), color="black", label="$\\pm\\alpha$" if sign > 0 else None)
    zeros = int((codes == 0).sum())
    left.set(title=f"{name}: {zeros} of {len(weights)} become 0 at t = {chosen:g}", xlabel="weight", ylabel="weights")
    left.legend()
    steps: Float64[np.ndarray, " steps"] = np.linspace(0, 2.5, 101)
    found = [ternarize(held, t) for t in steps]
    right.plot(steps, [100 * float(distance(held, codes, alpha)) for codes, alpha in found], label="distance")
    right.plot(steps, [100 * float((codes == 0).double().mean()) for codes, _ in found], "--", label="zeros")
    right.axvline(chosen, color="black", linewidth=1)
    right.set(title="Both over t", xlabel="threshold factor t", ylabel="%")
    right.legend()
    plt.close(figure)
    return figure


def scales(real: float) -> Figure:
    """The staircase of a 4-bit quantizer, and a dyadic scale's error by its bits."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
    x = np.linspace(-4, 4, 801)
    left.plot(x, x, "--", color="grey", linewidth=1)
    left.plot(x, 0.25 * (np.clip(np.floor(x / 0.25 + 0.5) + 8, 0, 15) - 8))
    left.set(title="4 bits, step 0.25, zero point 8", xlabel="real number", ylabel="what its code stands for")
    bits = np.arange(2, 32)
    found = [dyadic(real, int(k)) for k in bits]
    error = [abs(multiplier / 2**shift / real - 1) for multiplier, shift in found]
    right.semilogy(bits, 2.0**-bits, "--", color="grey", base=2, label="bound")
    right.semilogy(bits, np.maximum(error, 2.0**-36), "o", base=2, label=f"factor {real:.4g}")
    right.set(title="A factor as multiplier / 2^shift", xlabel="bits of the multiplier", ylabel="relative error")
    right.legend()
    plt.close(figure)
    return figure


def grid(
    model: IntegerModel, codes: UInt8[np.ndarray, "tempo speed h w"], tempo: list[float], speed: list[float], truth: str
) -> Figure:
    """One activity over tempo and speed, with what the network says."""
    figure, axes = plt.subplots(len(tempo), len(speed), figsize=(6.5, 6.5), squeeze=False)
    for (row, column), axis in np.ndenumerate(axes):
        said = model.classes[int(oracle.predict(model, codes[row, column][None])[0])]
        axis.imshow(codes[row, column], cmap=SPECTROGRAM, vmin=0, vmax=255, origin="lower")
        axis.set_title(f"tempo {tempo[row]:g}, speed {speed[column]:g}: {said}", fontsize="x-small")
        axis.set(xticks=[], yticks=[])
    figure.suptitle(truth)
    plt.close(figure)
    return figure
