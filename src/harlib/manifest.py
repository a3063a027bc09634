"""manifest.json of a run: what made its numbers, and the hashes of what it left."""

import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from harlib import files
from harlib.errors import HarlibError

NAME = "manifest.json"
LIMIT = 4 * 2**20  # bytes
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not name:
        raise ValueError("a name inside the run is expected")
    return name


Inside = Annotated[str, AfterValidator(_inside)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Harlib(_Part):
    """The library: its version, and one hash over all of its source files."""

    version: str
    sources: Hash


class Cpu(_Part):
    """The processor, and how many logical ones there are."""

    name: str
    count: int | None


class Threads(_Part):
    """Folds trained at a time, and torch's threads in each."""

    processes: int
    torch_threads_each: int


class StageRecord(_Part):
    """What computing one stage took; empty where the run does not hold it.

    started: UTC, of the first fold; seconds: of each fold; peak_memory_mb: of the largest process, the data and all
    folds that it computed before included.
    """

    started: str | None = None
    seconds: tuple[float, ...] = ()
    peak_memory_mb: float | None = None


class Manifest(_Part):
    """What made a run's numbers.

    commit and dirty are None outside git; lock is None without requirements.lock; data: hash of each data file; files:
    hash of each result, by its name in the run.
    """

    run: str
    parameters: dict[str, Any]
    seed: int
    commit: str | None
    dirty: bool | None
    harlib: Harlib
    lock: Hash | None
    data: dict[str, Hash]
    python: str
    packages: dict[str, str]
    system: str
    cpu: Cpu
    threads: Threads
    stages: dict[str, StageRecord]
    files: dict[Inside, Hash]


def save(run: Path, manifest: Manifest) -> None:
    """Write manifest.json of a run's folder."""
    files.write(run / NAME, json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n")


def load(run: Path) -> Manifest:
    """Read manifest.json of a run's folder.

    Raises:
        HarlibError: missing, too large, or not what a manifest holds.
    """
    path = run / NAME
    try:
        with path.open("rb") as file:
            text = file.read(LIMIT + 1)
    except OSError as error:
        raise HarlibError(
            f"{path} cannot be read ({error.strerror}): name a run that is complete, such as runs/published"
        ) from None
    if len(text) > LIMIT:
        raise HarlibError(f"{path}: above {LIMIT} bytes; that is no manifest")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        message = " ".join(first["msg"].split())
        raise HarlibError(
            f"{path} is no manifest of this version of harlib ({place}: {message}): run the study again"
        ) from None
