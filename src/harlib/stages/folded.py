"""Batch norm folded: ternary weights, rounded biases, dyadic multipliers, computed in float64."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from harlib.fold import fold_network, trace
from harlib.integer import export
from harlib.integer.model import Input, IntegerModel
from harlib.model import Network
from harlib.stages import pruned, qat
from harlib.stages.task import Fit, State, Task

NAME = "folded"
TRAINS = False
UPSTREAM = "pruned"
PARAMETERS = (*qat.BUILDS, "multiplier_bits")


def integer_model(network: Network, classes: tuple[str, ...], multiplier_bits: int) -> IntegerModel:
    """The integer model of a trained network: fold, round, validate.

    Raises:
        HarlibError: an accumulator, bias or product that the format cannot hold.
    """
    source = network.input
    convolutions, linear = fold_network(network)
    described = Input(
        shape=(1, 64, 64),
        low=float(source.low),
        high=float(source.high),
        scale=float(source.input_scale),
        zero_point=int(source.input_zero_point),
    )
    return export.build(convolutions, 1024, linear, described, classes, multiplier_bits)


def fit(task: Task) -> Fit:
    """Fold the pruned network; the state holds what folding gives before anything is rounded."""
    network = pruned.build(task.upstream, task).cpu()
    model = integer_model(network, task.classes, task.parameters.multiplier_bits)
    convolutions, linear = fold_network(network)
    state: State = {"linear.bias": torch.from_numpy(linear.bias.copy())}
    for layer in convolutions:
        state[f"{layer.name}.weight"] = torch.from_numpy(layer.weight.copy())
        state[f"{layer.name}.real_multiplier"] = torch.from_numpy(layer.real_multiplier.copy())
        state[f"{layer.name}.offset"] = torch.from_numpy(layer.offset.copy())

    def predict(raw: Float[Tensor, "n 1 64 64"]) -> Int64[np.ndarray, " n"]:
        logits = [trace(model, network.input.codes(batch.cpu()))["linear"] for batch in raw.split(64)]
        labels: Int64[np.ndarray, " n"] = torch.cat(logits).argmax(1).numpy()
        return labels

    return Fit(state, predict)
