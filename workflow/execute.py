"""Execute a notebook as `papermill` does on its command line, but leave out what only takes time.

It writes the notebook once, at the end or at the first error, not twice a cell; and the kernel is ended without its
farewell of one or two seconds.

python workflow/execute.py NOTEBOOK EXECUTED --parameters FILE.yml [--set NAME=VALUE ...] [--inputs FILE ...]

The executed notebook keeps the hash of every input in its metadata, so that a book can tell whether it still fits.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import nbformat
import papermill
import yaml

from harlib import fingerprint

ROOT = Path(__file__).resolve().parent.parent


def stamp(inputs: list[str]) -> dict[str, str]:
    """Hash files, by their name in the run (the working directory) or in the project."""
    return {_place(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (Path(p).resolve() for p in inputs)}


def _place(path: Path) -> str:
    if path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd()).as_posix()
    if path.is_relative_to(fingerprint.PACKAGE):  # it may be installed outside the project
        return fingerprint.place(path)
    return path.relative_to(ROOT).as_posix()


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", help="the notebook")
    parser.add_argument("executed", help="where the executed notebook is written")
    parser.add_argument("--parameters", type=Path, required=True, help="YAML file of parameters")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one more parameter")
    parser.add_argument("--inputs", nargs="*", default=[], metavar="FILE", help="what the notebook depends on")
    options = parser.parse_args()
    inputs = stamp(options.inputs)  # before the notebook runs: what changes meanwhile makes it stale
    more = {name: yaml.safe_load(value) for name, value in (pair.split("=", 1) for pair in options.set)}
    executed = papermill.execute_notebook(
        options.notebook,
        options.executed,
        parameters={**(yaml.safe_load(options.parameters.read_text()) or {}), **more},
        kernel_name="python3",
        progress_bar=False,
        request_save_on_cell_execute=False,
        shutdown_kernel="immediate",  # handed on to nbclient; a kernel that takes itself apart frees nothing we need
    )
    executed.metadata["harlib"] = {"inputs": inputs}
    nbformat.write(executed, options.executed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
