"""Networks trained beside the folds: on whom, for how long, tested on what; and that each is trained once."""

import numpy as np
import pytest
import torch
from helpers import toy_dataset

from harlib import data, parameters, protocol, study
from harlib.runs import Run
from harlib.stages import fp32
from harlib.stages.task import Task

SMALL = {
    "subjects": 6,
    "folds": 2,
    "fp32_epochs": 2,
    "batch_size": 16,
    "workers": 1,
    "leakage_folds": 1,
    "curve_subjects": [2, 1, 3, 40],
    "curve_repeats": 2,
}


@pytest.fixture
def work(tmp_path):
    run = Run(tmp_path / "run")
    data.save(run.path / "data.npz", toy_dataset(6, 10))
    data.save(run.path / "fresh.npz", toy_dataset(2, 5, first=6, seed=1))
    return study.Study("test", parameters.check(SMALL), run, run)


def cut(work):
    dataset, p = work.dataset(), work.parameters
    return work.folds(), data.folds(dataset, p.folds, p.seed, by_subject=False)


def test_the_leaky_network_is_the_float_stage_on_the_random_split(work):
    dataset, (split, random_split) = work.dataset(), cut(work)
    (found,), _ = protocol.run(work, split, random_split)
    fold = random_split[0]
    x = torch.from_numpy(dataset.x.astype(np.float32))[:, None]
    y = torch.from_numpy(dataset.y)
    task = Task(work.parameters, dataset.classes, 0, x[fold.train], y[fold.train], x[fold.test], y[fold.test])
    np.testing.assert_array_equal(found, fp32.fit(task).predict(task.test_x))


def test_the_curve_has_each_size_that_leaves_somebody_out_in_each_repeat(work):
    _, points = protocol.run(work, *cut(work))
    assert [point.subjects for point in points] == [1, 2, 1, 2]  # 3 people are in each training part
    assert all(point.predicted.shape == (10,) for point in points)


def test_fewer_people_are_training_people_of_the_fold_and_a_part_of_more_people(work):
    group, split = work.dataset().group, work.folds()
    found = protocol._curve(work, split)
    for (few, first), (more, second), fold in zip(found[::2], found[1::2], split, strict=True):
        less, larger = (set(group[list(training.train)]) for training in (first, second))
        assert (len(less), len(larger)) == (few, more)
        assert less < larger < set(group[fold.train])
        assert len(first.train) == 10 * few


def test_every_network_of_the_curve_takes_as_many_steps(work):
    whole = work.parameters.fp32_epochs * len(work.folds()[0].train)
    assert {training.epochs * len(training.train) for _, training in protocol._curve(work, work.folds())} == {whole}


def test_a_network_is_trained_once_and_again_when_its_parameters_change(work):
    first = protocol.run(work, *cut(work))
    places = sorted((work.target.path / "results" / "protocol").iterdir())
    stamps = [place.stat().st_mtime_ns for place in places]
    assert len(places) == 5
    second = protocol.run(work, *cut(work))
    assert [place.stat().st_mtime_ns for place in places] == stamps
    np.testing.assert_array_equal(first[0], second[0])
    other = parameters.check(SMALL | {"fp32_learning_rate": 0.001, "curve_repeats": 0})
    changed = study.Study("test", other, work.source, work.target)
    assert protocol.run(changed, *cut(changed))[1] == []
    assert len(list((work.target.path / "results" / "protocol").iterdir())) == 6


def test_two_processes_give_what_one_gives(work, tmp_path):
    more = parameters.check(SMALL | {"workers": 2})
    parallel = study.Study("test", more, work.source, Run(tmp_path / "other"))
    ours, theirs = (protocol.run(each, *cut(work)) for each in (work, parallel))
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert [point.predicted.tolist() for point in ours[1]] == [point.predicted.tolist() for point in theirs[1]]
