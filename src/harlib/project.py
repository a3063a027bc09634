"""Where the project lies."""

from pathlib import Path

from harlib.errors import HarlibError


def project_root(start: Path | None = None) -> Path:
    """The project's folder: the nearest above `start` (default: here), or above this file, with our pyproject.toml."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        project = folder / "pyproject.toml"
        if project.is_file() and 'name = "harlib"' in project.read_text():
            return folder
    raise HarlibError(f"{here} is not inside the harlib project: change into its folder")
