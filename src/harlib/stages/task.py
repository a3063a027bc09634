"""What a stage is given for one fold, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor, nn

from harlib import training
from harlib.parameters import Parameters

State = dict[str, Tensor]


@dataclass(frozen=True)
class Task:
    """One fold: parameters, class names, training and test samples (raw log magnitudes), and the upstream state."""

    parameters: Parameters
    classes: tuple[str, ...]
    fold: int
    x: Float[Tensor, "n 1 64 64"]
    y: Int64[Tensor, " n"]
    test_x: Float[Tensor, "m 1 64 64"]
    test_y: Int64[Tensor, " m"]
    upstream: State = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """A stage's result for one fold.

    state: tensors of its checkpoint; predict: raw samples to class indices; history: one value an epoch, by name;
    metrics: values beside accuracy, by name; files: further files of the fold: path in the run to what writes it.
    """

    state: State
    predict: Callable[[Float[Tensor, "m 1 64 64"]], Int64[np.ndarray, " m"]]
    history: dict[str, list[float]] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, Callable[[Path], None]] = field(default_factory=dict)


def network_fit(
    network: nn.Module, history: dict[str, list[float]] | None = None, metrics: dict[str, float] | None = None
) -> Fit:
    """A Fit whose state and predictions are a torch network's."""

    def predict(x: Float[Tensor, "m 1 64 64"]) -> Int64[np.ndarray, " m"]:
        labels: Int64[np.ndarray, " m"] = training.logits(network, x).argmax(1).cpu().numpy()
        return labels

    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    return Fit(state, predict, history or {}, metrics or {})


def accuracy(network: nn.Module, x: Float[Tensor, "m 1 64 64"], y: Int64[Tensor, " m"]) -> float:
    """Share of samples whose largest logit is the right class, 0..1."""
    return float((training.logits(network, x).argmax(1) == y).double().mean())
