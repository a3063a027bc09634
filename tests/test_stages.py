"""The chain of stages on toy data: what each leaves, and that a checkpoint gives back the network that was trained."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers import toy_dataset

from harlib import parameters, training
from harlib.errors import HarlibError
from harlib.integer import model as model_file
from harlib.integer import vectors
from harlib.model import Network
from harlib.prune import zeros_for
from harlib.stages import folded, fp32, integer, pruned, qat, ternary_ptq, ternary_ptq_bn
from harlib.stages.task import Task
from harlib.ternary import zeros

P = parameters.check(
    {"fp32_epochs": 6, "qat_epochs": 2, "prune_epochs": 3, "prune_ramp_epochs": 1, "batch_size": 16, "sparsity": 0.5}
)


def tensors(dataset):
    return torch.from_numpy(dataset.x.astype("float32"))[:, None], torch.from_numpy(dataset.y)


@pytest.fixture(scope="module")
def chain():
    data, test = tensors(toy_dataset(4, 20)), tensors(toy_dataset(2, 10, seed=1))
    fits, tasks = {}, {}
    for stage in (fp32, ternary_ptq, ternary_ptq_bn, qat, pruned, folded, integer):
        upstream = fits[stage.UPSTREAM].state if stage.UPSTREAM else {}
        tasks[stage.NAME] = Task(P, toy_dataset().classes, 0, *data, *test, upstream)
        fits[stage.NAME] = stage.fit(tasks[stage.NAME])
    return fits, tasks


@pytest.mark.parametrize("stage", [fp32, ternary_ptq, ternary_ptq_bn, qat, pruned], ids=lambda stage: stage.NAME)
def test_a_checkpoint_gives_back_the_network(chain, stage):
    fits, tasks = chain
    task = tasks[stage.NAME]
    network = stage.build(fits[stage.NAME].state, task)
    assert isinstance(network, Network)
    predicted = training.logits(network, task.test_x).argmax(1).numpy()
    assert np.array_equal(predicted, fits[stage.NAME].predict(task.test_x))


def test_fp32_learns_the_toy_classes(chain):
    fits, tasks = chain
    task = tasks["fp32"]
    assert (fits["fp32"].predict(task.test_x) == task.test_y.numpy()).mean() > 0.5
    assert len(fits["fp32"].history["loss"]) == P.fp32_epochs


def test_reestimated_statistics_are_all_that_tells_the_two_ptq_stages_apart(chain):
    fits, _ = chain
    stale, fresh = fits["ternary-ptq"].state, fits["ternary-ptq-bn"].state
    changed = {name for name in stale if not torch.equal(stale[name], fresh[name])}
    assert changed
    assert all("running_" in name or "num_batches" in name for name in changed)


def test_pruned_has_the_wanted_zeros_and_integer_keeps_them(chain):
    fits, tasks = chain
    network = pruned.build(fits["pruned"].state, tasks["pruned"])
    wanted = zeros_for(0.5, 2768)
    assert zeros(network)[0] >= wanted
    assert fits["pruned"].metrics["zeros"] == zeros(network)[0] / 2768
    assert fits["integer"].metrics["zeros"] >= wanted / 2768


@pytest.mark.parametrize("epochs", [1, 3])
def test_short_pruning_without_a_ramp_still_prunes(chain, epochs):
    _, tasks = chain
    changed = P.model_copy(update={"prune_epochs": epochs, "prune_ramp_epochs": 0, "sparsity": 0.6})
    found = pruned.fit(dataclasses.replace(tasks["pruned"], parameters=changed))
    assert found.metrics["zeros"] >= zeros_for(0.6, 2768) / 2768


def test_integer_engine_and_folded_network_agree_on_every_code(chain):
    fits, tasks = chain
    assert fits["integer"].metrics["codes_differing"] == 0
    assert fits["integer"].metrics["argmax_differing"] == 0
    x = tasks["folded"].test_x
    assert np.array_equal(fits["folded"].predict(x), fits["integer"].predict(x))


def test_integer_leaves_a_model_and_vectors_that_verify(chain, tmp_path):
    fits, _ = chain
    for name, save in fits["integer"].files.items():
        save(tmp_path / name)
    model = model_file.load(tmp_path / "models" / "fold0.json")
    assert model.classes == toy_dataset().classes
    assert vectors.verify(model, vectors.load(tmp_path / "vectors" / "fold0.npz")) == 20


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "two-scales", "eight_bit_ends": True},
        {"weights": "float", "activation_bits": 4, "activation_scale": "observed"},
        {"weights": "learned-step", "zero_point": "zero", "qat_statistics": "frozen"},
        {"qat_start": "scratch", "distillation": 0.5},
        {"multipliers": "power-of-two", "weights": "learned-step"},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_variants_of_training_leave_a_network_that_comes_back(chain, changes):
    _, tasks = chain
    task = dataclasses.replace(tasks["qat"], parameters=P.model_copy(update={**changes, "qat_epochs": 1}))
    found = qat.fit(task)
    network = qat.build(found.state, task)
    predicted = training.logits(network, task.test_x).argmax(1).numpy()
    assert np.array_equal(predicted, found.predict(task.test_x))
    top = 2 ** changes.get("activation_bits", 8) - 1
    for block in network.blocks.values():
        codes = block.activation(torch.linspace(-1, 1e4, 999)) / block.activation.scale()
        assert float(codes.detach().max()) == pytest.approx(top, abs=1e-2)
    if changes.get("zero_point") == "zero":
        assert all(float(block.activation.latent_zero_point) == 0 for block in network.blocks.values())


def test_frozen_statistics_stay_as_they_were_estimated(chain):
    _, tasks = chain
    changed = P.model_copy(update={"qat_statistics": "frozen", "qat_epochs": 1})
    one = qat.fit(dataclasses.replace(tasks["qat"], parameters=changed)).state
    two = qat.fit(dataclasses.replace(tasks["qat"], parameters=changed.model_copy(update={"qat_epochs": 2}))).state
    statistics = [name for name in one if "running_" in name]
    assert statistics
    assert all(torch.equal(one[name], two[name]) for name in statistics)
    assert any(not torch.equal(one[name], two[name]) for name in one if name not in statistics)


def test_only_ternary_networks_by_the_threshold_rule_are_pruned(chain):
    _, tasks = chain
    changed = P.model_copy(update={"weights": "binary", "qat_epochs": 1})
    state = qat.fit(dataclasses.replace(tasks["qat"], parameters=changed)).state
    with pytest.raises(HarlibError, match="weights = 'binary'"):
        pruned.fit(dataclasses.replace(tasks["pruned"], parameters=changed, upstream=state))
    with pytest.raises(HarlibError, match="another network than weights = 'threshold'"):
        qat.build(state, tasks["pruned"])


def test_four_bit_activations_are_exported_and_agree(chain):
    fits, tasks = chain
    changed = P.model_copy(update={"activation_bits": 4, "qat_epochs": 1, "prune_epochs": 1, "prune_ramp_epochs": 0})
    state = fits["fp32"].state
    for stage in (qat, pruned, integer):
        task = dataclasses.replace(tasks[stage.NAME], parameters=changed, upstream=state)
        found = stage.fit(task)
        state = found.state
    assert found.metrics["codes_differing"] == 0
    assert found.metrics["argmax_differing"] == 0


def test_a_network_of_powers_of_two_from_its_own_float_reference_to_integers(chain):
    """Every stage holds them: |gamma| / sigma of the float network, then each channel's multiplier."""
    _, tasks = chain
    p = P.model_copy(update={"fp32_gains": "power-of-two", "multipliers": "power-of-two"})
    fits = {}
    for stage in (fp32, ternary_ptq, ternary_ptq_bn, qat, pruned, folded, integer):
        upstream = fits[stage.UPSTREAM].state if stage.UPSTREAM else {}
        task = dataclasses.replace(tasks[stage.NAME], parameters=p, upstream=upstream)
        fits[stage.NAME] = stage.fit(task)
        if stage not in (folded, integer):
            network = stage.build(fits[stage.NAME].state, task)
            assert np.array_equal(
                training.logits(network, task.test_x).argmax(1).numpy(), fits[stage.NAME].predict(task.test_x)
            )
        if stage is fp32:
            for block in network.blocks.values():
                ratio = (block.norm.gain().abs() / (block.norm.running_var + block.norm.eps).sqrt()).log2().detach()
                torch.testing.assert_close(ratio, ratio.round(), atol=1e-4, rtol=0)
    for name in ("qat", "pruned"):
        assert all(fits[name].state[f"blocks.{block}.norm.held"] for block in network.blocks)
    network = pruned.build(fits["pruned"].state, dataclasses.replace(tasks["pruned"], parameters=p))
    model = folded.integer_model(network, toy_dataset().classes, 16)
    for layer in model.convolutions:
        assert all(multiplier.bit_count() == 1 for multiplier in layer.multiplier)
    assert fits["integer"].metrics["codes_differing"] == 0


def test_power_of_two_multipliers_need_one_scale_a_layer():
    with pytest.raises(HarlibError, match="'power-of-two' needs weights with one scale a layer; weights = 'channel'"):
        parameters.check({"multipliers": "power-of-two", "weights": "channel"})
