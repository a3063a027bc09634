"""Small sweeps for tests, and their graphs."""

import itertools

import yaml

from harlib.project import project_root
from harlib.sweeps import graph, plan

ROOT = project_root()
SHORT = {"subjects": 4, "folds": 2, "fp32_epochs": 1, "qat_epochs": 1}
TWO = {"parameters": SHORT, "grid": {"threshold": [0.5, 0.9]}, "seeds": [0, 1], "stages": ["ternary-ptq-bn", "qat"]}


def write(folder, content):
    path = folder / "a-sweep.yml"
    path.write_text(yaml.safe_dump(content))
    return path


def graph_of(path):
    content = plan.load(path)
    runs = plan.expand(content, path)
    return content, runs, graph.build(content, runs, ROOT)


def kinds(jobs):
    return {kind: len(list(held)) for kind, held in itertools.groupby(sorted(name.split("/")[0] for name in jobs))}
