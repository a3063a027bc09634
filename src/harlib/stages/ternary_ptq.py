"""Ternary weights without retraining, with the fp32 network's batch-norm statistics as they are (stale)."""

from harlib.model import Network
from harlib.stages import fp32
from harlib.stages.task import Fit, State, Task, network_fit
from harlib.ternary import make_ternary, zeros

NAME = "ternary-ptq"
TRAINS = False
UPSTREAM = "fp32"
PARAMETERS = ("threshold", "fp32_gains")


def convert(task: Task, threshold: float) -> Network:
    """The upstream fp32 network with ternary weights; nothing else changes."""
    network = fp32.build(task.upstream, task)
    make_ternary(network, threshold)
    return network.to(task.x.device).eval()


def fit(task: Task) -> Fit:
    """Ternarize by the threshold rule."""
    network = convert(task, task.parameters.threshold)
    zero, count = zeros(network)
    return network_fit(network, metrics={"zeros": zero / count})


def build(state: State, task: Task) -> Network:
    """The network of a checkpoint, in evaluation mode."""
    network = fp32.untrained(task)
    make_ternary(network, task.parameters.threshold)
    network.load_state_dict(state)
    return network.to(task.x.device).eval()
