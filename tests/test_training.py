"""The one loop: it learns, repeats itself exactly, decays only weights; batch norm against torch's own statistics."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers import toy_dataset
from torch import nn

from harlib import training
from harlib.errors import HarlibError
from harlib.model import Network


def tensors(dataset):
    return torch.from_numpy(dataset.x.astype("float32"))[:, None], torch.from_numpy(dataset.y)


def trained(seed):
    torch.manual_seed(3)
    network = Network()
    x, y = tensors(toy_dataset(4, 10))
    network.input.observe(x)
    options = {"learning_rate": 1e-2, "batch_size": 16, "weight_decay": 1e-4, "seed": seed}
    losses = training.train(network, x, y, epochs=3, **options)
    return network, losses


def test_the_loss_falls_and_the_same_seed_repeats_it_exactly():
    first, losses = trained(5)
    second, again = trained(5)
    assert losses[-1] < losses[0]
    assert losses == again
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert trained(6)[1] != losses


def test_no_weight_decay_on_gamma_beta_bias_scale_or_zero_point():
    weights, others = training._parameter_groups(Network(), 0.1)
    assert weights["weight_decay"] == 0.1
    assert others["weight_decay"] == 0
    assert sum(p.numel() for p in weights["params"]) == 2768
    assert all(p.ndim <= 1 for p in others["params"])


def test_callbacks_see_every_step_and_epoch():
    steps, epochs = [], []
    x, y = torch.randn(10, 3), torch.arange(10) % 2
    training.train(
        nn.Linear(3, 2), x, y, epochs=2, learning_rate=0.1, batch_size=4, weight_decay=0.0, seed=0,
        before_step=steps.append, after_epoch=epochs.append,
    )  # fmt: skip
    assert steps == pytest.approx([0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3])
    assert epochs == [1, 2]


def test_reestimated_statistics_are_those_of_the_data():
    norm = nn.BatchNorm2d(3)
    x = torch.randn(40, 3, 5, 5) * 4 + 2
    training.reestimate_batch_norm(norm, x, batch_size=40)
    assert torch.allclose(norm.running_mean, x.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(norm.running_var, x.var((0, 2, 3)), rtol=1e-5)
    x[20:] += 3  # as samples sorted by subject are
    training.reestimate_batch_norm(norm, x, batch_size=27)
    assert torch.allclose(norm.running_mean, x.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(norm.running_var, x.var((0, 2, 3)), rtol=0.05)
    assert norm.momentum == 0.1
    assert not norm.training


def test_distillation_is_the_weighted_sum_of_two_losses():
    """One epoch of one batch: the loss is what Hinton et al. write, computed from the first logits."""
    torch.manual_seed(0)
    x, y, teacher = torch.randn(8, 3), torch.arange(8) % 2, torch.randn(8, 2)
    model = nn.Linear(3, 2)
    logits = model(x).detach()
    hard = -logits.log_softmax(1)[torch.arange(8), y].mean()
    soft = -((teacher / 3).softmax(1) * (logits / 3).log_softmax(1)).sum(1).mean() * 9
    (loss,) = training.train(
        model, x, y, epochs=1, learning_rate=0.1, batch_size=8, weight_decay=0.0, seed=0,
        teacher=teacher, distillation=0.25, temperature=3.0,
    )  # fmt: skip
    assert loss == pytest.approx(float(0.75 * hard + 0.25 * soft), rel=1e-5)


def through_compiler(check):
    """In a process of its own: torch.compile cannot follow the checks of shapes that tests are run with."""
    script = Path(__file__).with_name("through_compiler.py")
    done = subprocess.run([sys.executable, script, check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_compiled_network_is_one_graph_with_the_gradients_of_the_plain_one():
    through_compiler("gradients")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++")
def test_training_through_the_compiler_follows_the_plain_one():
    through_compiler("training")


def test_without_a_compiler_there_is_no_compiled_step(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(HarlibError, match=r"compiled = true: there is no C\+\+ compiler 'no-such-compiler'"):
        training.compiled(nn.Linear(2, 2))
