"""`harlib verify RUN`: recompute the hashes of a run's manifest and say what no longer fits."""

import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harlib import __version__, files, fingerprint, manifest
from harlib.manifest import Manifest
from harlib.project import project_root
from harlib.runs import Run

DATA = {"data": "data.npz", "fresh": "fresh.npz"}


@dataclass(frozen=True)
class Check:
    """One thing that was held against the manifest: what, and what does not fit (nothing where all does)."""

    what: str
    misfits: tuple[str, ...] = ()
    note: str = "fits"


def verify(run: Path) -> list[Check]:
    """Hold a run's folder, and the project around it, against the run's manifest.

    Raises:
        HarlibError: the run has no manifest that can be read.
    """
    made = manifest.load(run)
    root = project_root()
    lock = root / "requirements.lock"
    return [
        Check("results", differing(run, made.files), f"{len(made.files)} files fit"),
        _data(run, made),
        Check("parameters", _parameters(run, made)),
        Check(
            "commit", ("the tree held changes that no commit has",) if made.dirty else (), made.commit or "not known"
        ),
        Check("sources", _differ("the library's sources", made.harlib.sources, fingerprint.sources_hash())),
        Check("lock", _differ("requirements.lock", made.lock, files.sha256(lock) if lock.is_file() else None)),
        Check("packages", _packages(made)),
    ]


def report(checks: list[Check]) -> str:
    """A line a check, and one a misfit below it."""
    lines = []
    for check in checks:
        lines.append(f"{check.what:<11} {'does not fit' if check.misfits else check.note}")
        lines += [f"            {misfit}" for misfit in check.misfits]
    return "\n".join(lines)


def differing(run: Path, expected: dict[str, str]) -> tuple[str, ...]:
    """Files of a run that are missing or have another content than their hash says, by their names in the run."""
    misfits = []
    for name, mark in expected.items():
        if not (run / name).is_file():
            misfits.append(f"{name} is missing")
        elif files.sha256(run / name) != mark:
            misfits.append(f"{name} has other content")
    return tuple(misfits)


def _data(run: Path, made: Manifest) -> Check:
    kept = {name: mark for name, mark in made.data.items() if (run / DATA[name]).is_file()}
    if not kept:
        return Check("data", note="not kept in this folder; simulated anew where a notebook needs it")
    return Check("data", differing(run, {DATA[name]: mark for name, mark in kept.items()}))


def _parameters(run: Path, made: Manifest) -> tuple[str, ...]:
    held = Run(run).parameters()
    return tuple(
        f"{name} = {held.get(name)!r} in params.yml, {value!r} in the manifest"
        for name, value in made.parameters.items()
        if name in held and held[name] != value
    )


def _differ(what: str, then: str | None, now: str | None) -> tuple[str, ...]:
    return () if then == now else (f"{what} have changed since: `harlib run --dry-run` says what would run again",)


def _packages(made: Manifest) -> tuple[str, ...]:
    misfits = []
    for name, then, now in (
        ("Python", made.python, platform.python_version()),
        ("harlib", made.harlib.version, __version__),
        *((name, version, _installed(name)) for name, version in made.packages.items()),
    ):
        if then != now:
            misfits.append(f"{name} {now or 'is not here'}, then {then}")
    return tuple(misfits)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
