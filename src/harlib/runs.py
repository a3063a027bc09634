"""The folder of a run: where each artifact lies, how it is read back, what is said when it is missing."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from safetensors import SafetensorError

from harlib import files
from harlib.errors import HarlibError, brief
from harlib.parameters import Parameters

if TYPE_CHECKING:  # where they are used: the workflow reads no table and no tensor, and need not wait for them
    import pandas as pd
    from torch import Tensor

METRICS = ["seed", "stage", "fold", "metric", "value"]
PREDICTIONS = ["seed", "stage", "fold", "sample", "group", "label", "predicted"]
PARAMETERS = "params.yml"
YAML_LIMIT = 2**16  # bytes
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
        path = self.path / PARAMETERS
        return read_yaml(path) if path.is_file() else {}

    def save_parameters(self, values: Parameters) -> None:
        """Write params.yml; an equal file is left untouched."""
        files.write_if_changed(self.path / PARAMETERS, parameters_text(values))

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
            raise HarlibError(f"{path} is damaged ({brief(error)}): delete it and run the study again") from None

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


def parameters_text(values: Parameters) -> str:
    """What params.yml says of parameters."""
    return yaml.safe_dump(values.model_dump(mode="json", exclude=LOCAL), sort_keys=True)


def read_yaml(path: Path, nested: bool = False) -> dict[str, Any]:
    """A YAML mapping of names to plain values, or to lists of them; with `nested`, to whatever the caller then checks.

    Raises:
        HarlibError: the file is missing, unreadable, too large, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            text = file.read(YAML_LIMIT + 1)
    except OSError as error:
        raise HarlibError(f"{path} cannot be read ({error.strerror}): name a file of parameters") from None
    if len(text) > YAML_LIMIT:
        raise HarlibError(f"{path}: above {YAML_LIMIT} bytes; that is no list of parameters")
    try:
        content = yaml.safe_load(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise HarlibError(f"{path} is no text: name a YAML file of parameters") from None
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError) as error:  # ValueError: a date in month 13
        raise HarlibError(f"{path} is no YAML: {brief(error)}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise HarlibError(f"{path}: expected a list of `name: value` lines")
    for name, value in ({} if nested else content).items():
        if any(isinstance(item, dict | list | set) for item in (value if isinstance(value, list) else [value])):
            raise HarlibError(f"{path}: {name[:40]} is nested; a value, or a list of values, is expected")
    return content
