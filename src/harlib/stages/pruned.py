"""Pruning to the wanted share of zeros during further quantization-aware training, then a frozen support."""

from collections.abc import Callable

from torch import nn

from harlib import prune, seeds, training
from harlib.errors import HarlibError
from harlib.model import Network
from harlib.stages import qat
from harlib.stages.task import Fit, Task, accuracy, network_fit
from harlib.ternary import zeros

NAME = "pruned"
TRAINS = True
UPSTREAM = "qat"
PARAMETERS = (
    "threshold",
    "sparsity",
    "prune_rule",
    "prune_epochs",
    "prune_ramp_epochs",
    "prune_learning_rate",
    "batch_size",
    "weight_decay",
    "compiled",
    *qat.BUILDS,
)
FROZEN_EPOCHS = 4  # at the end, with the support frozen


def train(
    network: Network,
    task: Task,
    share: float,
    prune_to: Callable[[nn.Module, float], None] = prune.prune_to,
    after_epoch: Callable[[int], None] | None = None,
) -> list[float]:
    """Raise the share of zeros over the ramp, hold it, freeze the support; batch norm is left to be re-estimated.

    Args:
        network: of stage `qat`.
        task: gives samples, schedule and seed.
        share: zeros over all ternary weights, 0..1; where the network has more by itself, their
            number is held until the support is frozen.
        prune_to: prunes a model to a share; called before each step until the support is frozen.
        after_epoch: called with the number of finished epochs.

    Returns:
        The mean loss of each epoch.

    Raises:
        HarlibError: weights that are not ternary by the threshold rule.
    """
    p = task.parameters
    if p.weights != "threshold" or p.eight_bit_ends:
        raise HarlibError(
            f"weights = {p.weights!r}, eight_bit_ends = {p.eight_bit_ends}: only networks whose layers are all "
            "ternary by the threshold rule are pruned and exported; the others end with stage 'qat'"
        )
    zero, count = zeros(network)
    natural = zero / count
    frozen_from = max(1, p.prune_ramp_epochs, p.prune_epochs - FROZEN_EPOCHS)

    def before_step(epoch: float) -> None:
        if epoch < frozen_from:
            ramp = min(1.0, epoch / p.prune_ramp_epochs) if p.prune_ramp_epochs else 1.0
            prune_to(network, natural + ramp * max(0.0, share - natural))

    def end_epoch(epoch: int) -> None:
        if epoch == frozen_from:
            prune_to(network, share)
            prune.freeze(network)
        if after_epoch:
            after_epoch(epoch)

    return training.train(
        network,
        task.x,
        task.y,
        epochs=p.prune_epochs,
        learning_rate=p.prune_learning_rate,
        batch_size=p.batch_size,
        weight_decay=p.weight_decay,
        seed=seeds.derive(p.seed, NAME, "order", task.fold),
        through_compiler=p.compiled,
        before_step=before_step,
        after_epoch=end_epoch,
    )


def fit(task: Task) -> Fit:
    """Prune while training, re-estimate batch norm, and fill up what channels that do nothing hold."""
    network = qat.build(task.upstream, task)
    history: dict[str, list[float]] = {"test_accuracy": [], "zeros": []}

    def follow(_: int) -> None:
        history["test_accuracy"].append(accuracy(network, task.test_x, task.test_y))
        zero, count = zeros(network)
        history["zeros"].append(zero / count)

    share, rule = task.parameters.sparsity, prune.RULES[task.parameters.prune_rule]
    history["loss"] = train(network, task, share, rule, follow)
    training.reestimate_batch_norm(network, task.x)
    while prune.fill_up(network, task.x, share):  # new statistics can make a further channel constant
        training.reestimate_batch_norm(network, task.x)
    zero, count = zeros(network)
    return network_fit(network, history, {"zeros": zero / count})


build = qat.build
