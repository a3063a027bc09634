"""One point of the curve of accuracy against sparsity: `pruned`, but every zero counts, so that any share works."""

from harlib import sparsity
from harlib.stages import pruned
from harlib.stages.task import Fit, Task

NAME = "sparse"
TRAINS = True
UPSTREAM = "qat"
PARAMETERS = pruned.PARAMETERS
build = pruned.build


def fit(task: Task) -> Fit:
    """Prune to parameter `sparsity` by the study's rule."""
    return sparsity.fit(task, "threshold", task.parameters.sparsity)
