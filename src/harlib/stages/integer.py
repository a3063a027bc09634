"""Integer-only inference: the model file, run by the NumPy oracle on uint8 codes."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from harlib import fold as folding
from harlib.integer import model as model_file
from harlib.integer import oracle, proofs, vectors
from harlib.integer.inputs import input_codes
from harlib.stages import pruned, qat
from harlib.stages.folded import integer_model
from harlib.stages.task import Fit, Task

NAME = "integer"
TRAINS = False
UPSTREAM = "pruned"
PARAMETERS = (*qat.BUILDS, "multiplier_bits")
VECTORS = 64  # test samples a fold kept as test vectors


def fit(task: Task) -> Fit:
    """Export the model and its test vectors; compare every code with the folded network's on the test samples."""
    network = pruned.build(task.upstream, task).cpu()
    model = integer_model(network, task.classes, task.parameters.multiplier_bits)

    def codes(raw: Float[Tensor, "n 1 64 64"]) -> np.ndarray:
        return input_codes(raw.cpu().numpy(), model.input.low, model.input.high)

    def predict(raw: Float[Tensor, "n 1 64 64"]) -> Int64[np.ndarray, " n"]:
        return oracle.predict(model, codes(raw))

    codes_differing, argmax_differing = 0, 0
    for batch in task.test_x.split(64):
        ours = oracle.trace(model, codes(batch))
        theirs = folding.trace(model, torch.from_numpy(codes(batch)).double())
        codes_differing += sum(int((theirs[name].numpy() != ours[name]).sum()) for name in ours)
        argmax_differing += int((theirs["linear"].argmax(1).numpy() != ours["linear"].argmax(1)).sum())
    zeros = proofs.zeros(model)
    return Fit(
        state={},
        predict=predict,
        metrics={
            "zeros": zeros.natural / zeros.total,
            "codes_differing": float(codes_differing),
            "argmax_differing": float(argmax_differing),
        },
        files={
            f"models/fold{task.fold}.json": lambda path: model_file.save(path, model),
            f"vectors/fold{task.fold}.npz": lambda path: vectors.save(path, model, codes(task.test_x[:VECTORS])),
        },
    )
