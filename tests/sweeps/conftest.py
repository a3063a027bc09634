"""A small sweep that is finished."""

import json

import pytest
from helpers import toy_dataset

from harlib import simulation
from harlib.sweeps import graph, job
from sweeps.examples import TWO, graph_of, write


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A sweep with toy data, its jobs done one after the other, without Snakemake."""
    folder = tmp_path_factory.mktemp("sweep")
    content, runs, jobs = graph_of(write(folder, TWO))
    (folder / graph.PLAN).write_text(graph.text(content, runs, jobs))

    def simulate(p, name):
        return toy_dataset(p.subjects, 10) if name == "data" else toy_dataset(3, 5, first=p.subjects, seed=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "simulate", simulate)
        for name in jobs.jobs:  # in an order in which each comes after those that it needs
            job.do(folder, name)
    return folder, json.loads((folder / graph.PLAN).read_text())
