"""Ternary weights without retraining, batch-norm statistics re-estimated on the training folds."""

from harlib import training
from harlib.stages import ternary_ptq
from harlib.stages.task import Fit, Task, network_fit
from harlib.ternary import zeros

NAME = "ternary-ptq-bn"
TRAINS = False
UPSTREAM = "fp32"
PARAMETERS = ("threshold", "fp32_gains")
build = ternary_ptq.build


def fit(task: Task) -> Fit:
    """Ternarize by the threshold rule, then one pass over the training samples for means and variances."""
    network = ternary_ptq.convert(task, task.parameters.threshold)
    training.reestimate_batch_norm(network, task.x)
    zero, count = zeros(network)
    return network_fit(network, metrics={"zeros": zero / count})
