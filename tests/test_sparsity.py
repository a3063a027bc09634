"""The curve's ways of choosing zeros against counting by hand; its table, knee and last point on toy numbers."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import toy_dataset

from harlib import evaluate, parameters, prune, sparsity
from harlib.model import Network
from harlib.stages import fp32, pruned, qat
from harlib.stages.task import Task
from harlib.ternary import make_ternary, ternary_layers, zeros

WEIGHTS = [640, 144, 512, 288, 1024, 160]


def network():
    torch.manual_seed(0)
    model = Network()
    with torch.no_grad():  # layers on different scales, as training leaves them
        for scale, block in zip((8, 4, 2, 1, 0.5), model.blocks.values(), strict=True):
            block.convolution.weight.mul_(scale)
    make_ternary(model, 0.7)
    return model


def kept(model):
    return [layer.weight.detach() != 0 for layer, _, _ in ternary_layers(model)]


@pytest.mark.parametrize("rule", sparsity.RULES)
@pytest.mark.parametrize("share", [0.45, 0.7, 0.95])
def test_every_way_gives_exactly_the_count_and_natural_zeros_are_a_part_of_it(rule, share):
    model = network()
    natural = kept(model)
    sparsity.RULES[rule](model, share)
    assert zeros(model) == (prune.zeros_for(share, 2768), 2768)
    assert not any((after & ~before).any() for before, after in zip(natural, kept(model), strict=True))


@pytest.mark.parametrize("rule", sparsity.RULES)
def test_where_natural_zeros_are_more_nothing_is_forced(rule):
    model = network()
    natural = kept(model)
    sparsity.RULES[rule](model, 0.1)
    assert all(torch.equal(before, after) for before, after in zip(natural, kept(model), strict=True))


def test_by_magnitude_spares_the_layers_of_large_weights():
    model = network()
    sparsity.by_magnitude(model, 0.6)
    forced = [
        (ratio > 1) & (layer.weight == 0)
        for (layer, _, _), ratio in zip(ternary_layers(model), sparsity._ratios(model), strict=True)
    ]
    raw = torch.cat([w.detach().abs().flatten() for _, _, w in ternary_layers(model)])
    assert (
        raw[torch.cat([f.flatten() for f in forced])].max() < raw[torch.cat([k.flatten() for k in kept(model)])].min()
    )


def test_by_layer_every_layer_has_the_same_share():
    model = network()
    sparsity.by_layer(model, 0.8)
    for mask, count in zip(kept(model), WEIGHTS, strict=True):
        assert abs(int((~mask).sum()) - 0.8 * count) <= 1


def test_by_layer_natural_zeros_beyond_the_share_stay_and_the_others_give_less():
    model = network()
    with torch.no_grad():
        model.linear.parametrizations.weight.original[:, 1:] = 0  # 155 of 160 zeros by itself
    sparsity.by_layer(model, 0.6)
    shares = [float((~mask).double().mean()) for mask in kept(model)]
    assert shares[-1] == 155 / 160
    assert all(0.55 < share < 0.6 for share in shares[:-1])
    assert zeros(model)[0] == prune.zeros_for(0.6, 2768)


def test_by_channel_whole_channels_go_with_all_that_writes_and_reads_them():
    model = network()
    with torch.no_grad():  # make channel 3 of the first group and 7 of the last the least
        for name, channel in (("convolution", 3), ("depthwise1", 3), ("pointwise2", 7)):
            model.blocks[name].convolution.parametrizations.weight.original[channel] *= 0.01
        model.blocks["pointwise1"].convolution.parametrizations.weight.original[:, 3] *= 0.01
        model.linear.parametrizations.weight.original[:, 7] *= 0.01
    natural = zeros(model)[0]
    masks = kept(model)
    left = masks[0][3].sum() + masks[1][3].sum() + masks[2][:, 3].sum() + masks[4][7].sum() + masks[5][:, 7].sum()
    assert left == 0  # 0.01 makes them natural zeros, so the count below is of the channels that come after them
    sparsity.by_channel(model, 0.6)
    groups = {
        "a": [(0, 0), (1, 0), (2, 1)],  # convolution and depthwise 1 write 16 channels that pointwise 1 reads
        "b": [(2, 0), (3, 0), (4, 1)],
        "c": [(4, 0), (5, 1)],
    }
    sizes = {"a": 16, "b": 32, "c": 32}
    after, touched = kept(model), 0
    for name, members in groups.items():
        for channel in range(sizes[name]):
            parts = [(masks[i].select(d, channel), after[i].select(d, channel)) for i, d in members]
            dead = not any(part.any() for _, part in parts)
            touched += dead
    assert touched > 2
    assert zeros(model)[0] > natural
    # All forced zeros lie in dead channels, but for those of the one channel that was cut in part.
    partly = 0
    owners = sparsity._channels(model)
    alive = torch.zeros(80, dtype=torch.bool)
    for of, mask in zip(owners, after, strict=True):
        for owner in of:
            alive[owner.expand(mask.shape)[mask]] = True
    for of, before, mask in zip(owners, masks, after, strict=True):
        inside = torch.stack([~alive[owner.expand(mask.shape)] for owner in of]).any(0)
        partly += int((before & ~mask & ~inside).sum())
    assert partly < 81  # the largest channel: 40 + 9 + 32 weights
    assert [int(owner.max()) for of in owners for owner in of] == [15, 15, 15, 47, 47, 47, 79, 79]


@pytest.fixture(scope="module")
def task():
    values = {"fp32_epochs": 1, "qat_epochs": 1, "prune_epochs": 3, "prune_ramp_epochs": 1, "batch_size": 16}
    p, data = parameters.check(values), toy_dataset()
    x, y = torch.from_numpy(data.x.astype(np.float32))[:, None], torch.from_numpy(data.y)
    first = fp32.fit(Task(p, data.classes, 0, x, y, x[:0], y[:0]))
    second = qat.fit(Task(p, data.classes, 0, x, y, x[:5], y[:5], first.state))
    return Task(p, data.classes, 0, x, y, x[:5], y[:5], second.state)


@pytest.mark.parametrize("rule", ["threshold", "channel"])
def test_a_point_has_exactly_the_zeros_after_training(task, rule):
    fit = sparsity.fit(task, rule, 0.8)
    assert fit.metrics["zeros"] == prune.zeros_for(0.8, 2768) / 2768
    assert fit.state["linear.parametrizations.weight.0.frozen"]
    assert fit.predict(task.test_x).shape == (5,)


def test_the_study_s_rule_is_stage_pruned_but_for_what_is_filled_up(task):
    ours = sparsity.fit(task, "threshold", task.parameters.sparsity)
    theirs = pruned.fit(task)
    name = "blocks.pointwise2.convolution.parametrizations.weight.original"
    assert torch.equal(ours.state[name], theirs.state[name])
    assert ours.metrics["zeros"] <= theirs.metrics["zeros"]


def test_a_row_counts_subjects_and_not_networks():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 5)
    before, after = rng.random((3, 100)) < 0.95, rng.random((3, 100)) < 0.9
    one = dict(zip(sparsity.COLUMNS, sparsity.row("layer", 0.5, [0.5, 0.6], before, after, group), strict=True))
    twice = sparsity.row("layer", 0.5, [0.5, 0.6], np.tile(before, (2, 1)), np.tile(after, (2, 1)), group)
    assert one["networks"] == 3
    assert one["zeros"] == pytest.approx(0.55)
    assert one["accuracy"] == pytest.approx(after.mean())
    assert one["drop"] == pytest.approx(before.mean() - after.mean())
    found = evaluate.paired_drop(before.mean(0), after.mean(0), group)
    assert (one["drop_low"], one["drop_high"]) == (found.low, found.high)
    assert twice[3:] == pytest.approx(tuple(one.values())[3:])


def test_knee_of_a_corner_is_the_corner():
    zeros_, accuracy = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9]), np.array([0.98, 0.98, 0.98, 0.98, 0.7, 0.42])
    assert sparsity.knee(zeros_, accuracy) == 3


def test_last_within_stops_at_the_first_point_that_is_outside():
    def rows(*highs):
        return pd.DataFrame({"drop_high": highs})

    assert sparsity.last_within(rows(0.001, 0.004, 0.006, 0.005), 0.0051) == 1
    assert sparsity.last_within(rows(0.006, 0.001), 0.0051) is None
    assert sparsity.last_within(rows(float("nan"), 0.001), 0.0051) is None
