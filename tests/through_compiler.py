"""What torch.compile makes of the quantized network; run by test_training.py in a process of its own."""

import sys

import torch
from torch import nn

from harlib import training
from harlib.model import Network, quantize_activations
from harlib.ternary import make_ternary

LABELS = torch.arange(6) % 5


def quantized():
    torch.manual_seed(0)
    x = 2700 + 200 * torch.randn(6, 1, 64, 64)
    network = Network()
    network.input.observe(x)
    make_ternary(network, 0.7)
    quantize_activations(network, x)
    return network, x


def gradients():
    """One graph without a break, and the gradients of the plain network, in float64."""
    network, x = quantized()
    network.double().train()
    losses, found = [], []
    for forward in (network, torch.compile(network, backend="aot_eager", fullgraph=True)):
        network.zero_grad()
        losses.append(nn.functional.cross_entropy(forward(x.double()), LABELS))
        losses[-1].backward()
        found.append([parameter.grad for parameter in network.parameters()])
    torch.testing.assert_close(*losses)
    assert len(found[0]) == len(list(network.parameters())) > 20
    for plain, compiled in zip(*found, strict=True):
        torch.testing.assert_close(plain, compiled, rtol=1e-9, atol=1e-12)


def follows():
    """Two epochs in float32 have the losses of the plain ones; a batch of another size, at their end, is no trouble."""
    losses = []
    for through_compiler in (False, True):
        network, x = quantized()
        options = {"epochs": 2, "learning_rate": 1e-3, "batch_size": 4, "weight_decay": 0.0, "seed": 0}
        losses.append(training.train(network, x, LABELS, through_compiler=through_compiler, **options))
    torch.testing.assert_close(torch.tensor(losses[0]), torch.tensor(losses[1]), rtol=0.01, atol=0.0)
    assert losses[0] != losses[1]  # its last bits differ: it did go through the compiler


if __name__ == "__main__":
    {"gradients": gradients, "training": follows}[sys.argv[1]]()
