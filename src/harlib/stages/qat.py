"""Quantization-aware training: ternary weights, 8-bit activations with learned scale and zero point, from fp32."""

import torch

from harlib import seeds, training
from harlib.errors import HarlibError
from harlib.model import Network, observe_activations, quantize_activations, set_norms
from harlib.norm import hold_late
from harlib.quantize import ReluQuantize
from harlib.stages import fp32
from harlib.stages.task import Fit, State, Task, network_fit
from harlib.watch import Watch
from harlib.weights import quantize_weights

NAME = "qat"
TRAINS = True
UPSTREAM = "fp32"
BUILDS = ("threshold", "weights", "eight_bit_ends", "activation_bits", "activation_scale", "zero_point", "multipliers")
PARAMETERS = (
    *BUILDS,
    "qat_epochs",
    "qat_learning_rate",
    "batch_size",
    "weight_decay",
    "qat_start",
    "qat_statistics",
    "distillation",
    "temperature",
    "compiled",
)
OBSERVED = 512  # training samples on which scales are observed
WATCHED = 64  # training samples on which saturation is followed


def fit(task: Task) -> Fit:
    """Quantize the weights, re-estimate batch norm, observe activation scales, train, re-estimate batch norm.

    Fold 0 also leaves its master weights after each epoch, weights/qat/fold0.npz.
    """
    p = task.parameters
    seed = seeds.derive(p.seed, NAME, "order", task.fold)
    float_network = fp32.build(task.upstream, task)
    teacher = training.logits(float_network, task.x) if p.distillation else None
    network = float_network if p.qat_start == "fp32" else _random(task)
    quantize_weights(network, p.weights, p.threshold, p.eight_bit_ends)
    set_norms(network, p.multipliers == "power-of-two")
    network.to(task.x.device)
    training.reestimate_batch_norm(network, task.x)
    quantize_activations(network, task.x[:OBSERVED], lambda: _quantizer(task))
    network.to(task.x.device)
    watch = Watch(network, task.x[:WATCHED], task.test_x, task.test_y)

    def after_epoch(epoch: int) -> None:
        hold_late(network, epoch, p.qat_epochs)
        watch(epoch)
        if p.activation_scale == "observed":
            observe_activations(network, task.x[:OBSERVED])

    watch.history["loss"] = training.train(
        network,
        task.x,
        task.y,
        epochs=p.qat_epochs,
        learning_rate=p.qat_learning_rate,
        batch_size=p.batch_size,
        weight_decay=p.weight_decay,
        seed=seed,
        teacher=teacher,
        distillation=p.distillation,
        temperature=p.temperature,
        frozen_statistics=p.qat_statistics == "frozen",
        through_compiler=p.compiled,
        after_epoch=after_epoch,
    )
    if p.qat_statistics == "running":
        training.reestimate_batch_norm(network, task.x)
    found = network_fit(network, watch.history, {"zeros": watch.history["zeros"][-1]})
    if task.fold == 0:
        found.files[f"weights/{NAME}/fold0.npz"] = watch.save
    return found


def _random(task: Task) -> Network:
    torch.manual_seed(seeds.derive(task.parameters.seed, NAME, "weights", task.fold))
    network = Network(len(task.classes)).to(task.x.device)
    network.input.observe(task.x)
    return network


def _quantizer(task: Task) -> ReluQuantize:
    p = task.parameters
    learned = p.activation_scale == "learned"
    return ReluQuantize(top=2**p.activation_bits - 1, learn_scale=learned, learn_zero_point=p.zero_point == "learned")


def build(state: State, task: Task) -> Network:
    """The network of a checkpoint of `qat` or of a stage after it, in evaluation mode.

    Raises:
        HarlibError: the checkpoint was trained with other `weights`, `eight_bit_ends` or `multipliers`.
    """
    p = task.parameters
    network = Network(len(task.classes))
    quantize_weights(network, p.weights, p.threshold, p.eight_bit_ends)
    set_norms(network, p.multipliers == "power-of-two")
    for block in network.blocks.values():
        block.activation = _quantizer(task)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise HarlibError(
            f"the checkpoint holds another network than weights = {p.weights!r}, eight_bit_ends = {p.eight_bit_ends}, "
            f"multipliers = {p.multipliers!r} name ({str(error).splitlines()[0]}): use the parameters of the run that "
            "trained it"
        ) from None
    return network.to(task.x.device).eval()
