"""The folder of a run: where each artifact lies, how it is read back, what is said when it is missing."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from safetensors import SafetensorError

from harlib import files
from harlib.errors import HarlibError
from harlib.parameters import Parameters

if TYPE_CHECKING:  # where they are used: the workflow reads no table and no tensor, and need not wait for them
    import pandas as pd
    from torch import Tensor

METRICS = ["seed", "stage", "fold", "metric", "value"]
PREDICTIONS = ["seed", "stage", "fold", "sample", "group", "label", "predicted"]
LOCAL = {"workers", "device"}  # how a machine computes, not what: no part of a run's identity


@dataclass(frozen=True)
class Run:
    """One run's folder, such as runs/published."""

    path: Path

    def parameters(self) -> dict[str, Any]:
        """The values of params.yml; empty where the run has none yet.

        Raises:
            HarlibError: the file is no YAML mapping.
        """
        path = self.path / "params.yml"
        return read_yaml(path) if path.is_file() else {}

    def save_parameters(self, values: Parameters) -> None:
        """Write params.yml; an equal file is left untouched."""
        text = yaml.safe_dump(values.model_dump(mode="json", exclude=LOCAL), sort_keys=True)
        files.write_if_changed(self.path / "params.yml", text)

    def checkpoint(self, stage: str, fold: int) -> Path:
        """Where a stage's tensors of one fold lie."""
        return self.path / "checkpoints" / stage / f"fold{fold}.safetensors"

    def state(self, stage: str, fold: int) -> "dict[str, Tensor]":
        """The tensors of a checkpoint.

        Raises:
            HarlibError: it is missing or damaged.
        """
        path = self.checkpoint(stage, fold)
        if not path.is_file():
            raise HarlibError(
                f"{path} is missing: run the notebook of stage {stage!r} with to_run={self.path} first, "
                "or the whole study with `harlib run`"
            )
        from safetensors.torch import load

        try:
            return load(path.read_bytes())
        except SafetensorError as error:
            raise HarlibError(f"{path} is damaged ({error}): delete it and run the study again") from None

    def save_state(self, stage: str, fold: int, state: "dict[str, Tensor]") -> Path:
        """Write a checkpoint, whole or not at all."""
        from safetensors.torch import save

        path = self.checkpoint(stage, fold)
        files.write(path, save(state))
        return path

    def result_path(self, stage: str, fold: int) -> Path:
        """Where predictions, metrics, history and fingerprint of one fold lie."""
        return self.path / "results" / stage / f"fold{fold}.json"

    def result(self, stage: str, fold: int) -> dict[str, Any] | None:
        """What a finished fold left, or None if there is nothing whole."""
        try:
            content = json.loads(self.result_path(stage, fold).read_text())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def whole(self, stage: str, fold: int) -> bool:
        """Whether a fold is finished and every file that its result names still has the content it had."""
        held = (self.result(stage, fold) or {}).get("files", {"no result": ""})
        return all(
            (self.path / name).is_file() and files.sha256(self.path / name) == mark for name, mark in held.items()
        )

    def table(self, kind: str) -> "pd.DataFrame":
        """The run's "metrics" or "predictions": of its finished stages, or of the whole run where only that is kept.

        Raises:
            HarlibError: the run has none.
        """
        import pandas as pd

        parts = sorted((self.path / kind).glob("*.csv"))
        whole = self.path / f"{kind}.csv"
        if not parts and not whole.is_file():
            raise HarlibError(f"{self.path} holds no {kind}: run the study with `harlib run` first")
        return pd.concat([pd.read_csv(path) for path in parts or [whole]], ignore_index=True)

    def accuracies(self, stage: str, metric: str = "accuracy") -> list[float]:
        """A metric of a stage a fold, in the order of the folds."""
        table = self.table("metrics")
        rows = table[(table.stage == stage) & (table.metric == metric)].sort_values(["seed", "fold"])
        if rows.empty:
            raise HarlibError(f"{self.path} holds no {metric} of stage {stage!r}: run its notebook first")
        return [float(value) for value in rows.value]


def read_yaml(path: Path) -> dict[str, Any]:
    """A flat YAML mapping.

    Raises:
        HarlibError: the file is missing, unreadable, or holds anything else.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise HarlibError(f"{path} cannot be read ({error.strerror}): name a file of parameters") from None
    except UnicodeDecodeError:
        raise HarlibError(f"{path} is no text: name a YAML file of parameters") from None
    except yaml.YAMLError as error:
        raise HarlibError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise HarlibError(f"{path}: expected a list of `name: value` lines")
    return content
