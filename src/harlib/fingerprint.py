"""What a result depends on, as hashes: the harlib modules behind it, found by reading their imports."""

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent


def imported_modules(source: str) -> set[str]:
    """Names of the harlib modules that Python source imports, at any depth of its code.

    >>> sorted(imported_modules("from harlib import data\\nimport harlib.ternary\\nimport numpy"))
    ['harlib', 'harlib.data', 'harlib.ternary']
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in names if name.split(".")[0] == "harlib" and _file(name)}


def _file(module: str) -> Path | None:
    place = PACKAGE.parent.joinpath(*module.split("."))
    for candidate in (place.with_suffix(".py"), place / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def closure(modules: Iterable[str]) -> list[Path]:
    """Source files of modules and of all harlib modules that they import, directly or not, sorted.

    A package's __init__.py belongs to each of its modules; harlib's own, which holds the version alone, does not.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name == "harlib" or name in found or path is None:
            continue
        found[name] = path
        waiting += imported_modules(path.read_text())
        waiting.append(name.rpartition(".")[0])
    return sorted(set(found.values()))


def place(source: Path) -> str:
    """A module's name in the project, src/harlib/..., wherever the library is installed."""
    return f"src/{source.relative_to(PACKAGE.parent).as_posix()}"


def digest(values: dict[str, Any], sources: Iterable[Path]) -> str:
    """Hex SHA-256 over values (as JSON) and the content of source files."""
    total = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for path in sources:
        total.update(path.relative_to(PACKAGE.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def sources_hash() -> str:
    """Hex SHA-256 over harlib's own source files, whatever their language."""
    found = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return digest({}, sorted(found))
