"""Pruning to the wanted share of zeros during further quantization-aware training, then a frozen support."""

from harlib import prune, seeds, training
from harlib.stages import qat
from harlib.stages.task import Fit, Task, accuracy, network_fit
from harlib.ternary import zeros

NAME = "pruned"
TRAINS = True
UPSTREAM = "qat"
PARAMETERS = (
    "threshold",
    "sparsity",
    "prune_epochs",
    "prune_ramp_epochs",
    "prune_learning_rate",
    "batch_size",
    "weight_decay",
)
FROZEN_EPOCHS = 4  # at the end, with the support frozen


def fit(task: Task) -> Fit:
    """Raise the share of zeros over the ramp, hold it, freeze the support, re-estimate batch norm at the end."""
    p = task.parameters
    network = qat.build(task.upstream, task)
    natural = zeros(network)[0] / zeros(network)[1]
    history: dict[str, list[float]] = {"test_accuracy": [], "zeros": []}
    frozen_from = max(1, p.prune_ramp_epochs, p.prune_epochs - FROZEN_EPOCHS)

    def before_step(epoch: float) -> None:
        if epoch < frozen_from:
            ramp = min(1.0, epoch / p.prune_ramp_epochs) if p.prune_ramp_epochs else 1.0
            prune.prune_to(network, natural + ramp * max(0.0, p.sparsity - natural))

    def after_epoch(epoch: int) -> None:
        if epoch == frozen_from:
            prune.prune_to(network, p.sparsity)
            prune.freeze(network)
        history["test_accuracy"].append(accuracy(network, task.test_x, task.test_y))
        zero, count = zeros(network)
        history["zeros"].append(zero / count)

    history["loss"] = training.train(
        network,
        task.x,
        task.y,
        epochs=p.prune_epochs,
        learning_rate=p.prune_learning_rate,
        batch_size=p.batch_size,
        weight_decay=p.weight_decay,
        seed=seeds.derive(p.seed, NAME, "order", task.fold),
        before_step=before_step,
        after_epoch=after_epoch,
    )
    training.reestimate_batch_norm(network, task.x)
    while prune.fill_up(network, task.x, p.sparsity):  # new statistics can make a further channel constant
        training.reestimate_batch_norm(network, task.x)
    zero, count = zeros(network)
    return network_fit(network, history, {"zeros": zero / count})


build = qat.build
