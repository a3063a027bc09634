"""The fp32 baseline: the network in single precision, trained from random weights."""

import torch

from harlib import seeds, training
from harlib.model import Network, set_norms
from harlib.norm import hold_late
from harlib.stages.task import Fit, State, Task, accuracy, network_fit

NAME = "fp32"
TRAINS = True
UPSTREAM = None
PARAMETERS = ("fp32_epochs", "fp32_learning_rate", "fp32_gains", "batch_size", "weight_decay")


def fit(task: Task) -> Fit:
    """Train from scratch; the input range is observed on the training samples.

    Accuracy is followed on the test samples; a task without them gives an empty history of it.
    """
    p = task.parameters
    torch.manual_seed(seeds.derive(p.seed, NAME, "weights", task.fold))
    network = untrained(task).to(task.x.device)
    network.input.observe(task.x)
    history: dict[str, list[float]] = {"test_accuracy": []}

    def after_epoch(epoch: int) -> None:
        hold_late(network, epoch, p.fp32_epochs)
        if len(task.test_y):
            history["test_accuracy"].append(accuracy(network, task.test_x, task.test_y))

    history["loss"] = training.train(
        network,
        task.x,
        task.y,
        epochs=p.fp32_epochs,
        learning_rate=p.fp32_learning_rate,
        batch_size=p.batch_size,
        weight_decay=p.weight_decay,
        seed=seeds.derive(p.seed, NAME, "order", task.fold),
        after_epoch=after_epoch,
    )
    return network_fit(network, history)


def build(state: State, task: Task) -> Network:
    """The network of a checkpoint, in evaluation mode, on the task's device."""
    network = untrained(task)
    network.load_state_dict(state)
    return network.to(task.x.device).eval()


def untrained(task: Task) -> Network:
    """A network as this stage trains it."""
    network = Network(len(task.classes))
    if task.parameters.fp32_gains == "power-of-two":
        set_norms(network, power_of_two=True)
    return network
