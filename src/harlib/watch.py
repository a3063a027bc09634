"""The state of quantization-aware training, followed epoch by epoch."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from harlib import files, training
from harlib.model import Network
from harlib.ternary import ternary_layers


class Watch:
    """Called after each epoch, it adds one value to each list of `history`; nothing it does changes the training.

    test_accuracy: share of the test samples that are classified right, 0..1; absent without test samples.
    zeros: share of weights whose code is 0.
    changed: share of weights whose code differs from an epoch ago (the first epoch: from before training).
    flipped: share whose sign has turned, from -1 to +1 or back.
    returned: share whose code has changed, back to what it was two epochs ago: oscillation (Nagel et al. 2022,
        Overcoming Oscillations in Quantization-Aware Training, arXiv 2203.11086).
    scale/NAME, zero_point/NAME: of each activation quantizer; saturated/NAME: share of its inputs above the top code.

    Args:
        network: with quantized activations.
        raw: samples on which saturation is measured.
        test_x, test_y: test samples; may be empty.
    """

    def __init__(
        self,
        network: Network,
        raw: Float[Tensor, "n 1 64 64"],
        test_x: Float[Tensor, "m 1 64 64"],
        test_y: Int64[Tensor, " m"],
    ) -> None:
        self.network, self.raw, self.test_x, self.test_y = network, raw, test_x, test_y
        self.history: dict[str, list[float]] = {}
        self.masters: list[dict[str, Float[np.ndarray, ...]]] = [self._masters()]
        self._codes = [self._all_codes()]

    def __call__(self, _: int) -> None:
        """Measure; the network is in evaluation mode."""
        codes, before = self._all_codes(), self._codes[-1]
        count = max(1, len(codes))
        changed = codes != before
        self._add("zeros", float((codes == 0).sum()) / count)
        self._add("changed", float(changed.sum()) / count)
        self._add("flipped", float((codes.sign() * before.sign() < 0).sum()) / count)
        self._add(
            "returned", float((changed & (codes == self._codes[0])).sum()) / count if len(self._codes) > 1 else 0.0
        )
        self._codes = [before, codes]
        self.masters.append(self._masters())
        self._activations()
        if len(self.test_y):
            right = training.logits(self.network, self.test_x).argmax(1) == self.test_y
            self._add("test_accuracy", float(right.double().mean()))

    @torch.no_grad()
    def _activations(self) -> None:
        x = self.network.input(self.raw).contiguous(memory_format=torch.channels_last)
        for name, block in self.network.blocks.items():
            held: Any = block
            quantizer = held.activation
            x = held.norm(held.convolution(x))
            above = x / quantizer.scale() >= quantizer.top - quantizer.zero_point() + 0.5
            self._add(f"saturated/{name}", float(above.double().mean()))
            self._add(f"scale/{name}", float(quantizer.scale()))
            self._add(f"zero_point/{name}", float(quantizer.zero_point()))
            x = quantizer(x)

    def _add(self, name: str, value: float) -> None:
        self.history.setdefault(name, []).append(value)

    @torch.no_grad()
    def _all_codes(self) -> Tensor:
        found = [held.codes(weight)[0].flatten() for _, held, weight in ternary_layers(self.network)]
        return torch.cat(found) if found else torch.zeros(0)

    def _masters(self) -> dict[str, Float[np.ndarray, "..."]]:
        names = [*self.network.blocks, "linear"]
        layers = ternary_layers(self.network)
        if len(layers) < len(names):
            return {}
        return {name: w.detach().cpu().numpy().copy() for name, (_, _, w) in zip(names, layers, strict=True)}

    def save(self, path: Path) -> None:
        """Write the float master weights before training and after each epoch: an array [epochs + 1, ...] a layer."""
        arrays: dict[str, Any] = {name: np.stack([held[name] for held in self.masters]) for name in self.masters[0]}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        files.write(path, buffer.getvalue())
