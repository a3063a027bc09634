"""One point of the curve on toy data."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers import toy_dataset

from harlib import parameters, prune
from harlib.stages import fp32, pruned, qat, sparse
from harlib.stages.task import Task


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
    changed = task.parameters.model_copy(update={"sparsity": 0.8, "prune_rule": rule})
    fit = sparse.fit(dataclasses.replace(task, parameters=changed))
    assert fit.metrics["zeros"] == prune.zeros_for(0.8, 2768) / 2768
    assert fit.state["linear.parametrizations.weight.0.frozen"]
    assert fit.predict(task.test_x).shape == (5,)


def test_the_study_s_rule_is_stage_pruned_but_for_what_is_filled_up(task):
    ours = sparse.fit(task)
    theirs = pruned.fit(task)
    name = "blocks.pointwise2.convolution.parametrizations.weight.original"
    assert torch.equal(ours.state[name], theirs.state[name])
    assert ours.metrics["zeros"] <= theirs.metrics["zeros"]
