"""Execute a notebook as `papermill` does on its command line, without its kernel's farewell of one or two seconds.

python workflow/execute.py NOTEBOOK EXECUTED --parameters FILE.yml [--set NAME=VALUE ...]
"""

import argparse
import sys
from pathlib import Path

import papermill
import yaml


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", help="the notebook")
    parser.add_argument("executed", help="where the executed notebook is written")
    parser.add_argument("--parameters", type=Path, required=True, help="YAML file of parameters")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one more parameter")
    options = parser.parse_args()
    more = {name: yaml.safe_load(value) for name, value in (pair.split("=", 1) for pair in options.set)}
    papermill.execute_notebook(
        options.notebook,
        options.executed,
        parameters={**(yaml.safe_load(options.parameters.read_text()) or {}), **more},
        kernel_name="python3",
        progress_bar=False,
        shutdown_kernel="immediate",  # handed on to nbclient; a kernel that takes itself apart frees nothing we need
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
