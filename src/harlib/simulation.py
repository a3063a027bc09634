"""The simulated data set of a run, and its fresh test set of other subjects."""

import json
from pathlib import Path

import joblib
import numpy as np

from harlib import data, fingerprint, seeds
from harlib.parameters import Parameters, Simulation
from harlib.radar import CLASSES, simulate_subject

UNIT = "raw log magnitude, 20 units a dB, noise floor near 2500"


def simulate(parameters: Parameters, name: str = "data") -> data.Dataset:
    """Simulate all recordings; identical whatever the number of workers.

    Args:
        parameters: of the run.
        name: "data" for the data set, "fresh" for the fresh test set, whose subjects share no random stream with it
            and whose group numbers continue after it.
    """
    fresh = name == "fresh"
    subjects = parameters.fresh_subjects if fresh else parameters.subjects
    trials = parameters.fresh_trials if fresh else parameters.trials
    seed = seeds.derive(parameters.seed, "radar", name)
    jobs = (joblib.delayed(simulate_subject)(parameters, seed, subject, trials) for subject in range(subjects))
    recordings = joblib.Parallel(n_jobs=min(parameters.workers, subjects))(jobs)
    first = parameters.subjects if fresh else 0
    return data.Dataset(
        x=np.concatenate([recording.x for recording in recordings]),
        y=np.concatenate([recording.y for recording in recordings]),
        group=np.repeat(np.arange(first, first + subjects), trials),
        classes=CLASSES,
        unit=UNIT,
        provenance="simulated by harlib.radar with " + json.dumps(_physics(parameters), sort_keys=True),
        nuisance={
            name: np.concatenate([recording.nuisance[name] for recording in recordings])
            for name in recordings[0].nuisance
        },
    )


def _physics(parameters: Parameters) -> dict[str, object]:
    names = (*Simulation.model_fields, "seed")
    return {name: value for name, value in parameters.model_dump(mode="json").items() if name in names}


def cached(folder: Path, parameters: Parameters, name: str) -> Path:
    """The file of a simulated data set in `folder`, made on first use and again when parameters or code change."""
    mark = fingerprint.digest(_physics(parameters), fingerprint.closure([__name__]))
    path = folder / f"{name}-{mark[:16]}.npz"
    if not path.is_file():
        data.save(path, simulate(parameters, name))
    return path
