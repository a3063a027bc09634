"""What is said of a training: codes counted by hand, saturated inputs, and that watching changes nothing."""

import numpy as np
import pytest
import torch
from helpers import toy_dataset

from harlib.model import Network, quantize_activations
from harlib.ternary import make_ternary, ternary_layers
from harlib.watch import Watch


@pytest.fixture
def network():
    torch.manual_seed(0)
    dataset = toy_dataset(4, 10)
    raw = torch.from_numpy(dataset.x.astype("float32"))[:, None]
    made = Network().eval()
    made.input.observe(raw)
    make_ternary(made, 0.7)
    quantize_activations(made, raw)
    return made, raw, torch.from_numpy(dataset.y)


def set_code(network, layer, index, value):
    """Make one master weight so large or small that its code is sure."""
    _, _, master = ternary_layers(network)[layer]
    master.data.view(-1)[index] = value * 100 * float(master.detach().abs().max())


def test_changes_flips_and_returns_are_counted(network):
    made, raw, _ = network
    for layer in (0, 2):
        set_code(made, layer, 0, 1)  # so large that the threshold moves; from here on its size stays
    watch = Watch(made, raw, raw[:0], torch.zeros(0, dtype=torch.long))
    for sign in (-1, 1, 1):
        _, _, master = ternary_layers(made)[0]
        master.data.view(-1)[0] = sign * master.detach().view(-1)[0].abs()
        watch(0)
    assert watch.history["changed"] == [1 / 2768, 1 / 2768, 0]
    assert watch.history["flipped"] == [1 / 2768, 1 / 2768, 0]
    assert watch.history["returned"] == [0, 1 / 2768, 0]
    assert "test_accuracy" not in watch.history


def test_saturation_is_the_share_of_inputs_above_the_top_code(network):
    made, raw, _ = network
    block = made.blocks["convolution"]
    watch = Watch(made, raw, raw[:0], torch.zeros(0, dtype=torch.long))
    watch(0)
    block.activation.log_scale.data -= 2
    watch(1)
    with torch.no_grad():
        before = block.norm(block.convolution(made.input(raw)))
        lost = float((before / block.activation.scale() >= 255.5).double().mean())
    assert watch.history["saturated/convolution"][0] < 0.001
    assert watch.history["saturated/convolution"][1] == pytest.approx(lost)
    assert lost > 0.01
    ratio = watch.history["scale/convolution"][1] / watch.history["scale/convolution"][0]
    assert ratio == pytest.approx(np.exp(-2))


def test_master_weights_are_kept_and_nothing_is_changed(network, tmp_path):
    made, raw, y = network
    before = {name: value.clone() for name, value in made.state_dict().items()}
    watch = Watch(made, raw, raw, y)
    watch(0)
    watch.save(tmp_path / "masters.npz")
    with np.load(tmp_path / "masters.npz") as held:
        assert held["convolution"].shape == (2, 16, 1, 10, 4)
        assert held["linear"].shape == (2, 5, 32)
    assert all(torch.equal(value, made.state_dict()[name]) for name, value in before.items())
    assert not made.training
    assert 0 <= watch.history["test_accuracy"][0] <= 1
