"""A file to an array, whatever its format, and the files of a folder."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from harlib.errors import HarlibError
from harlib.importing import arrays, images, matlab
from harlib.importing.limits import MOST_FILES

Array = Shaped[np.ndarray, "..."]
READERS: dict[str, Callable[[Path], Array]] = {
    ".png": images.read,
    ".jpg": images.read,
    ".jpeg": images.read,
    ".npy": arrays.read_npy,
    ".npz": arrays.read_one,
    ".csv": arrays.read_csv,
    ".mat": matlab.read,
}


def read(path: Path) -> Array:
    """The numbers of a file, real or complex, in the shape that it holds them.

    Raises:
        HarlibError: unknown ending, unreadable, too large, or no numbers.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise HarlibError(f"{path}: unknown ending {path.suffix!r}; known are {', '.join(READERS)}")
    values = reader(path)
    if values.dtype.kind not in "iufc":
        raise HarlibError(f"{path} holds {values.dtype}: expected numbers")
    return values


def listing(root: Path) -> tuple[list[Path], list[str]]:
    """The readable files below a folder, sorted, and a line for each thing that was passed over.

    Links that lead out of the folder and links to folders are passed over, so nothing outside is read and no loop is
    walked.

    Raises:
        HarlibError: no such folder, no readable file in it, or too many.
    """
    if not root.is_dir():
        raise HarlibError(f"{root} is no folder: give the folder that holds the recordings, or one .npz file")
    inside, found, passed = root.resolve(), [], []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        passed += [f"{(Path(folder) / name).relative_to(root)}: a link to a folder" for name in linked]
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder) / name
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                passed.append(f"{path.relative_to(root)}: a link out of the folder")
            elif path.suffix.lower() not in READERS or not path.is_file():
                passed.append(f"{path.relative_to(root)}: no {', '.join(READERS)} file")
            else:
                found.append(path)
        if len(found) + len(passed) > MOST_FILES:
            raise HarlibError(f"{root} holds more than {MOST_FILES:,} files: import it in parts")
    if not found:
        raise HarlibError(f"{root} holds no readable file; known endings are {', '.join(READERS)}")
    return found, passed
