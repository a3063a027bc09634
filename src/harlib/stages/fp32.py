"""The fp32 baseline: the network in single precision, trained from random weights."""

import torch

from harlib import seeds, training
from harlib.model import Network
from harlib.stages.task import Fit, State, Task, accuracy, network_fit

NAME = "fp32"
TRAINS = True
UPSTREAM = None
PARAMETERS = ("fp32_epochs", "fp32_learning_rate", "batch_size", "weight_decay")


def fit(task: Task) -> Fit:
    """Train from scratch; the input range is observed on the training samples.

    Accuracy is followed on the test samples; a task without them gives an empty history of it.
    """
    p = task.parameters
    torch.manual_seed(seeds.derive(p.seed, NAME, "weights", task.fold))
    network = Network(len(task.classes)).to(task.x.device)
    network.input.observe(task.x)
    history: dict[str, list[float]] = {"test_accuracy": []}

    def follow(_: int) -> None:
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
        after_epoch=follow if len(task.test_y) else None,
    )
    return network_fit(network, history)


def build(state: State, task: Task) -> Network:
    """The network of a checkpoint, in evaluation mode, on the task's device."""
    network = Network(len(task.classes))
    network.load_state_dict(state)
    return network.to(task.x.device).eval()
