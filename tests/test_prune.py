"""Pruning against sorting all ratios by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from harlib import prune
from harlib.integer import proofs
from harlib.model import Network, quantize_activations
from harlib.stages.folded import integer_model
from harlib.ternary import make_ternary, ternary_layers, zeros


def network():
    torch.manual_seed(0)
    model = Network()
    make_ternary(model, 0.7)
    return model


@pytest.mark.parametrize("share", [0.45, 0.6, 0.9])
def test_exact_to_one_weight_and_the_smallest_ratios(share):
    model = network()
    prune.prune_to(model, share)
    assert zeros(model) == (prune.zeros_for(share, 2768), 2768)
    ratios = np.concatenate([(w.abs() / w.abs().mean()).detach().numpy().ravel() for _, _, w in ternary_layers(model)])
    kept = np.concatenate([layer.weight.detach().numpy().ravel() != 0 for layer, _, _ in ternary_layers(model)])
    assert ratios[kept].min() > ratios[~kept].max()


def test_natural_zeros_are_never_given_back():
    model = network()
    natural = zeros(model)[0]
    prune.prune_to(model, 0.05)
    assert zeros(model)[0] == natural


def test_published_share_is_1246_zeros():
    assert prune.zeros_for(0.45, 2768) == 1246
    assert 1245 / 2768 < 0.45 <= 1246 / 2768


def test_freeze_holds_the_zeros_while_weights_move():
    model = network()
    prune.prune_to(model, 0.5)
    prune.freeze(model)
    for _, _, weight in ternary_layers(model):
        nn.init.normal_(weight)
    assert zeros(model)[0] == prune.zeros_for(0.5, 2768)


def test_released_codes_stay_until_the_weights_move():
    model = network()
    prune.prune_to(model, 0.6)
    prune.freeze(model)
    before = [held.codes(weight)[0].clone() for _, held, weight in ternary_layers(model)]
    prune.release(model)
    after = [held.codes(weight)[0] for _, held, weight in ternary_layers(model)]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))

    prune.freeze(model)
    _, held, weight = ternary_layers(model)[0]
    place = tuple(held.kept.nonzero()[0])
    with torch.no_grad():
        weight[place] *= 0.01 * held.threshold * weight.abs().mean() / weight[place].abs()
    before = held.codes(weight)[0].clone()
    prune.release(model)  # a kept weight below the threshold goes, and no other
    assert (held.codes(weight)[0] != before).nonzero().tolist() == [[int(index) for index in place]]
    with torch.no_grad():
        for _, _, weight in ternary_layers(model):
            weight[weight == 0] = weight.abs().max()
    assert zeros(model)[0] < prune.zeros_for(0.5, 2768)


def test_zeros_of_constant_channels_do_not_count_toward_the_share():
    model = network()
    raw = 2500 + 60 * torch.randn(8, 1, 64, 64).abs()
    model.input.observe(raw)
    model.train()(raw)
    model.eval()
    with torch.no_grad():
        model.blocks["depthwise1"].norm.bias[3] = -100  # ReLU gives 0 whatever comes in
        model.blocks["pointwise2"].norm.weight[5] = 0
    quantize_activations(model, raw)
    prune.prune_to(model, 0.5)
    prune.freeze(model)
    before = [held.kept.clone() for _, held, _ in ternary_layers(model)]
    classes = ("jogging", "jumping", "situp", "waving", "other")
    assert proofs.zeros(integer_model(model, classes, 16)).natural < prune.zeros_for(0.5, 2768)
    added = prune.fill_up(model, raw, 0.5)
    assert added > 0
    found = proofs.zeros(integer_model(model, classes, 16))
    assert found.natural >= prune.zeros_for(0.5, 2768)
    after = [held.kept for _, held, _ in ternary_layers(model)]
    assert sum(int((a & ~b).sum()) for a, b in zip(before, after, strict=True)) == added
    assert not any((b & ~a).any() for a, b in zip(before, after, strict=True))
    assert prune.fill_up(model, raw, 0.5) == 0


WEIGHTS = [640, 144, 512, 288, 1024, 160]


def scaled_network():
    torch.manual_seed(0)
    model = Network()
    with torch.no_grad():  # layers on different scales, as training leaves them
        for scale, block in zip((8, 4, 2, 1, 0.5), model.blocks.values(), strict=True):
            block.convolution.weight.mul_(scale)
    make_ternary(model, 0.7)
    return model


def kept(model):
    return [layer.weight.detach() != 0 for layer, _, _ in ternary_layers(model)]


@pytest.mark.parametrize("rule", prune.RULES)
@pytest.mark.parametrize("share", [0.45, 0.7, 0.95])
def test_every_way_gives_exactly_the_count_and_natural_zeros_are_a_part_of_it(rule, share):
    model = scaled_network()
    natural = kept(model)
    prune.RULES[rule](model, share)
    assert zeros(model) == (prune.zeros_for(share, 2768), 2768)
    assert not any((after & ~before).any() for before, after in zip(natural, kept(model), strict=True))


@pytest.mark.parametrize("rule", prune.RULES)
def test_where_natural_zeros_are_more_nothing_is_forced(rule):
    model = scaled_network()
    natural = kept(model)
    prune.RULES[rule](model, 0.1)
    assert all(torch.equal(before, after) for before, after in zip(natural, kept(model), strict=True))


def test_by_magnitude_spares_the_layers_of_large_weights():
    model = scaled_network()
    prune.by_magnitude(model, 0.6)
    forced = [
        (ratio > 1) & (layer.weight == 0)
        for (layer, _, _), ratio in zip(ternary_layers(model), prune._ratios(model), strict=True)
    ]
    raw = torch.cat([w.detach().abs().flatten() for _, _, w in ternary_layers(model)])
    assert (
        raw[torch.cat([f.flatten() for f in forced])].max() < raw[torch.cat([k.flatten() for k in kept(model)])].min()
    )


def test_by_layer_every_layer_has_the_same_share():
    model = scaled_network()
    prune.by_layer(model, 0.8)
    for mask, count in zip(kept(model), WEIGHTS, strict=True):
        assert abs(int((~mask).sum()) - 0.8 * count) <= 1


def test_by_layer_natural_zeros_beyond_the_share_stay_and_the_others_give_less():
    model = scaled_network()
    with torch.no_grad():
        model.linear.parametrizations.weight.original[:, 1:] = 0  # 155 of 160 zeros by itself
    prune.by_layer(model, 0.6)
    shares = [float((~mask).double().mean()) for mask in kept(model)]
    assert shares[-1] == 155 / 160
    assert all(0.55 < share < 0.6 for share in shares[:-1])
    assert zeros(model)[0] == prune.zeros_for(0.6, 2768)


def test_by_channel_whole_channels_go_with_all_that_writes_and_reads_them():
    model = scaled_network()
    with torch.no_grad():  # make channel 3 of the first group and 7 of the last the least
        for name, channel in (("convolution", 3), ("depthwise1", 3), ("pointwise2", 7)):
            model.blocks[name].convolution.parametrizations.weight.original[channel] *= 0.01
        model.blocks["pointwise1"].convolution.parametrizations.weight.original[:, 3] *= 0.01
        model.linear.parametrizations.weight.original[:, 7] *= 0.01
    natural = zeros(model)[0]
    masks = kept(model)
    left = masks[0][3].sum() + masks[1][3].sum() + masks[2][:, 3].sum() + masks[4][7].sum() + masks[5][:, 7].sum()
    assert left == 0  # 0.01 makes them natural zeros, so the count below is of the channels that come after them
    prune.by_channel(model, 0.6)
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
    owners = prune._channels(model)
    alive = torch.zeros(80, dtype=torch.bool)
    for of, mask in zip(owners, after, strict=True):
        for owner in of:
            alive[owner.expand(mask.shape)[mask]] = True
    for of, before, mask in zip(owners, masks, after, strict=True):
        inside = torch.stack([~alive[owner.expand(mask.shape)] for owner in of]).any(0)
        partly += int((before & ~mask & ~inside).sum())
    assert partly < 81  # the largest channel: 40 + 9 + 32 weights
    assert [int(owner.max()) for of in owners for owner in of] == [15, 15, 15, 47, 47, 47, 79, 79]
