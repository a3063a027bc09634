"""One point of the curve of accuracy against sparsity: `pruned`, but every zero counts, so that any share works."""

from harlib import prune, training
from harlib.stages import pruned, qat
from harlib.stages.task import Fit, Task, network_fit
from harlib.ternary import zeros

NAME = "sparse"
TRAINS = True
UPSTREAM = "qat"
PARAMETERS = pruned.PARAMETERS
build = pruned.build


def fit(task: Task) -> Fit:
    """Prune to parameter `sparsity` by `prune_rule` while training, then re-estimate batch norm.

    Zeros in channels that do nothing count too, so their number is that of `prune.zeros_for`; or that of the natural
    zeros, where they are more: then their number is held until the support is frozen.
    """
    p = task.parameters
    network = qat.build(task.upstream, task)
    pruned.train(network, task, p.sparsity, prune.RULES[p.prune_rule])
    training.reestimate_batch_norm(network, task.x)
    zero, count = zeros(network)
    return network_fit(network, metrics={"zeros": zero / count})
