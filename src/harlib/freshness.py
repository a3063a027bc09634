"""Whether executed notebooks still fit the project around them: each keeps the hash of every input it was executed on.

The inputs are those of workflow/Snakefile: the notebook without outputs, its slice of the parameters, the lock, the
harlib modules that it imports, and the files that earlier notebooks made.
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from harlib import files, fingerprint, workflow
from harlib.parameters import Parameters
from harlib.runs import Run
from harlib.workflow import NOTEBOOKS, Notebook

ABSENT = "absent"


class Inputs:
    """Hashes of the inputs of a run's notebooks, as they are now.

    Args:
        root: the project's folder.
        run: the run.
        parameters: what the run would be made with.
    """

    def __init__(self, root: Path, run: Run, parameters: Parameters) -> None:
        self.root, self.run = root, run
        self.prepared = workflow.inputs(root, run, parameters)
        self._hash = lru_cache(maxsize=None)(lambda path: files.sha256(path) if path.is_file() else ABSENT)

    def of(self, notebook: Notebook) -> dict[str, str]:
        """Hash of each input of a notebook, by its name in the run or in the project; "absent" for one that is not."""
        modules = {fingerprint.place(path): path for path in workflow.modules(self.root, notebook)}
        outside = {"requirements.lock": self.root / "requirements.lock", **modules}
        own = (f"inputs/{notebook.name}.ipynb", f"inputs/{notebook.name}.yml", *notebook.needs)
        return {name: self._hash(path) for name, path in outside.items()} | {name: self._inside(name) for name in own}

    def _inside(self, name: str) -> str:
        text = self.prepared.get(name)
        return self._hash(self.run.path / name) if text is None else hashlib.sha256(text.encode()).hexdigest()

    def changed(self, notebook: Notebook) -> list[str]:
        """Names of the inputs that differ from those that the notebook was executed on; empty where it still fits."""
        path = self.run.path / "notebooks" / f"{notebook.name}.ipynb"
        if not path.is_file():
            return ["it is not executed yet"]
        then, now = stamp(path), self.of(notebook)
        if then is None:
            return ["it does not say what it was executed on"]
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name, ABSENT))


def stamp(executed: Path) -> dict[str, str] | None:
    """The inputs that an executed notebook says it was executed on; None where it says nothing, or is no notebook."""
    try:
        found = json.loads(executed.read_text(encoding="utf-8"))["metadata"]["harlib"]["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def outdated(root: Path, run: Run, parameters: Parameters) -> dict[str, list[str]]:
    """The notebooks that `harlib run` would execute, in order, each with the reasons; nothing is written."""
    inputs = Inputs(root, run, parameters)
    gone = set(workflow.damaged(run, parameters))
    found: dict[str, list[str]] = {}
    for notebook in NOTEBOOKS:
        reasons = [name for name in inputs.changed(notebook) if name not in gone]
        reasons += [f"{name} is missing or damaged" for name in notebook.makes if _lost(run, name, gone)]
        reasons += [f"{name} is made again" for name in notebook.needs if name in gone]
        if reasons:
            found[notebook.name] = reasons
            gone |= set(notebook.makes)
    return found


def _lost(run: Run, name: str, gone: set[str]) -> bool:
    return name in gone or not (run.path / name).is_file()
