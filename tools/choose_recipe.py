"""Try training recipes on people of no fold: accuracy of fp32, qat and pruned on 400 simulated validation people.

    python tools/choose_recipe.py NAME [parameter=value ...] [--folds 0,1,2,3,4] [--out reference/recipe.csv]

The networks train on the study's training folds. They are scored on people from a random stream of their own, who are
in no fold and not in the fresh test set, so neither is looked at for a choice. Each fold adds a row to the table, which
notebook 04 shows; a row that is there already is not computed again.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from jaxtyping import Float
from torch import Tensor

from harlib import data, parameters, process, simulation, training
from harlib.project import project_root
from harlib.stages import fp32, pruned, qat
from harlib.stages.task import Task

CHANGED = (
    *("batch_size", "fp32_epochs", "fp32_learning_rate", "qat_epochs", "qat_learning_rate"),
    *("prune_epochs", "prune_learning_rate", "distillation", "zero_point"),
)
COLUMNS = ["name", *CHANGED, "fold", "fp32", "qat", "pruned"]
PEOPLE = {"subjects": 400, "trials": 5}


def tensor(x: np.ndarray) -> Float[Tensor, "n 1 64 64"]:
    """Spectrograms as a network takes them."""
    return torch.from_numpy(x.astype(np.float32))[:, None]


def held(name: str, p: parameters.Parameters) -> data.Dataset:
    """A data set of the parameters, made on first use."""
    return data.load(simulation.cached(project_root() / "runs" / "scratch", p, name))


def row(name: str, p: parameters.Parameters, fold: int) -> tuple[object, ...]:
    """Train one fold's chain of stages and score each on the validation people."""
    dataset, people = held("data", p), held("choice", p.model_copy(update=PEOPLE))
    split = data.folds(dataset, p.folds, p.seed)[fold]
    x, y = tensor(dataset.x[split.train]), torch.from_numpy(dataset.y[split.train])
    task = Task(p, dataset.classes, fold, x, y, x[:0], y[:0])
    accuracies = []
    for stage in (fp32, qat, pruned):
        fit = stage.fit(task)
        task = Task(p, dataset.classes, fold, x, y, x[:0], y[:0], fit.state)
        network = stage.build(fit.state, task)
        accuracies.append(float((training.logits(network, tensor(people.x)).argmax(1).numpy() == people.y).mean()))
    values = p.model_dump(mode="json")
    return (name, *(values[key] for key in CHANGED), fold, *accuracies)


def main() -> None:
    """Train the folds that the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("changes", nargs="*", metavar="parameter=value")
    parser.add_argument("--folds", default="0,1,2,3,4")
    parser.add_argument("--out", type=Path, default=project_root() / "reference" / "recipe.csv")
    options = parser.parse_args()
    process.set_up()
    changes = {key: yaml.safe_load(value) for key, value in (item.split("=") for item in options.changes)}
    p = parameters.check(changes, options.name)
    for fold in map(int, options.folds.split(",")):
        table = pd.read_csv(options.out) if options.out.is_file() else pd.DataFrame(columns=COLUMNS)
        if ((table["name"] == options.name) & (table["fold"] == fold)).any():
            continue
        table.loc[len(table)] = row(options.name, p, fold)
        table.to_csv(options.out, index=False)
        print(table.tail(1).to_string(index=False, header=False), flush=True)


if __name__ == "__main__":
    main()
