"""Quantization-aware training: ternary weights, 8-bit activations with learned scale and zero point, from fp32."""

from harlib import seeds, training
from harlib.model import Network, quantize_activations
from harlib.quantize import ReluQuantize
from harlib.stages import ternary_ptq
from harlib.stages.task import Fit, State, Task, accuracy, network_fit
from harlib.ternary import make_ternary, zeros

NAME = "qat"
TRAINS = True
UPSTREAM = "fp32"
PARAMETERS = ("threshold", "qat_epochs", "qat_learning_rate", "batch_size", "weight_decay")
OBSERVED = 512  # training samples on which initial scales are observed


def fit(task: Task) -> Fit:
    """Ternarize, re-estimate batch norm, observe activation scales, train, re-estimate batch norm."""
    p = task.parameters
    network = ternary_ptq.convert(task, p.threshold)
    training.reestimate_batch_norm(network, task.x)
    quantize_activations(network, task.x[:OBSERVED])
    history: dict[str, list[float]] = {"test_accuracy": [], "zeros": []}

    def after_epoch(_: int) -> None:
        history["test_accuracy"].append(accuracy(network, task.test_x, task.test_y))
        zero, count = zeros(network)
        history["zeros"].append(zero / count)

    history["loss"] = training.train(
        network,
        task.x,
        task.y,
        epochs=p.qat_epochs,
        learning_rate=p.qat_learning_rate,
        batch_size=p.batch_size,
        weight_decay=p.weight_decay,
        seed=seeds.derive(p.seed, NAME, "order", task.fold),
        after_epoch=after_epoch,
    )
    training.reestimate_batch_norm(network, task.x)
    return network_fit(network, history, {"zeros": history["zeros"][-1]})


def build(state: State, task: Task) -> Network:
    """The network of a checkpoint of `qat` or of a stage after it, in evaluation mode."""
    network = Network(len(task.classes))
    make_ternary(network, task.parameters.threshold)
    for block in network.blocks.values():
        block.activation = ReluQuantize()
    network.load_state_dict(state)
    return network.to(task.x.device).eval()
