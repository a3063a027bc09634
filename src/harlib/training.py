"""One training loop for every stage: AdamW (Loshchilov & Hutter 2019) under a one-cycle schedule (Smith 2018)."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from harlib.errors import HarlibError

Inputs = Float[Tensor, "n ..."]
Labels = Int64[Tensor, " n"]


def train(
    model: nn.Module,
    x: Inputs,
    y: Labels,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    weight_decay: float,
    seed: int,
    teacher: Float[Tensor, "n classes"] | None = None,
    distillation: float = 0.0,
    temperature: float = 1.0,
    frozen_statistics: bool = False,
    through_compiler: bool = False,
    before_step: Callable[[float], None] | None = None,
    after_epoch: Callable[[int], None] | None = None,
) -> list[float]:
    """Train in place on cross-entropy; the model ends in evaluation mode.

    With a teacher the loss is (1 - d) H(y, p) + d T^2 H(softmax(teacher / T), softmax(logits / T)), d the weight of
    distillation and T its temperature (Hinton et al. 2015, Distilling the Knowledge in a Neural Network, sec. 2).

    Args:
        model: raw inputs to logits.
        x: inputs [n, 1, h, w]; y: class indices [n].
        epochs: passes over x; learning_rate: peak of the one-cycle schedule.
        weight_decay: on weights of two or more dimensions only, so never on gamma, beta, bias, scale or zero point.
        seed: of the order of the samples.
        teacher: logits of another network for x; distillation: the weight of its soft targets, 0..1.
        frozen_statistics: batch norm uses its running statistics and leaves them as they are; gamma and beta learn.
        through_compiler: steps run through torch.compile: faster after the third of a minute that it takes to make
            ready; the last bits of float32 differ.
        before_step: called with the time in epochs (3.25 = a quarter into the fourth) before each step.
        after_epoch: called with the number of finished epochs, the model in evaluation mode.

    Returns:
        The mean loss of each epoch.

    Raises:
        HarlibError: there is no C++ compiler to go through.
    """
    forward = compiled(model) if through_compiler else model
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(_parameter_groups(model, weight_decay), lr=learning_rate)
    steps = -(-len(x) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=learning_rate, total_steps=epochs * steps)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)] if frozen_statistics else []
    losses = []
    for epoch in range(epochs):
        model.train()
        for norm in norms:
            norm.eval()
        total = 0.0
        for step, batch in enumerate(_batches(len(x), batch_size, generator)):
            if before_step:
                before_step(epoch + step / steps)
            logits = forward(x[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
            if teacher is not None and distillation:
                soft = (teacher[batch] / temperature).softmax(1)
                distance = temperature**2 * nn.functional.cross_entropy(logits / temperature, soft)
                loss = (1 - distillation) * loss + distillation * distance
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        losses.append(total / len(x))
        model.eval()
        if after_epoch:
            after_epoch(epoch + 1)
    return losses


def compiled(model: nn.Module) -> nn.Module:
    """The model through torch.compile, with the same parameters, made ready at its first step.

    Raises:
        HarlibError: there is no C++ compiler.
    """
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise HarlibError(f"compiled = true: there is no C++ compiler {compiler!r}: install it, or set compiled: false")
    # By shape: an epoch's last batch, which is smaller, gets code of its own.
    return cast(nn.Module, torch.compile(model, dynamic=False))


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Int64[Tensor, " batch"]]:
    yield from torch.randperm(count, generator=generator).split(size)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


@torch.no_grad()
def logits(model: nn.Module, x: Inputs, batch_size: int = 256) -> Float[Tensor, "n classes"]:
    """The model's logits [n, classes] in evaluation mode."""
    model.eval()
    return torch.cat([model(batch) for batch in x.split(batch_size)])


@torch.no_grad()
def reestimate_batch_norm(model: nn.Module, x: Inputs, batch_size: int = 256) -> None:
    """Replace running batch-norm statistics by averages over one pass of x (training data), in place.

    After weights change without training, the stored means and variances belong to another network. Samples come in a
    fixed shuffled order, so that no batch is one subject, and a batch counts by its size.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    seen = 0
    model.train()
    for batch in _batches(len(x), batch_size, torch.Generator().manual_seed(0)):
        seen += len(batch)
        for norm in norms:
            norm.momentum = len(batch) / seen  # 1 for the first batch, which replaces what was stored
        model(x[batch])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
