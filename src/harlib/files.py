"""Files that are either whole or absent: written under a temporary name, then renamed."""

import hashlib
import os
import tempfile
from pathlib import Path

from harlib.errors import HarlibError

_PART = ".part"


def write(path: Path, content: bytes | str) -> None:
    """Write a file so that its final name only ever holds all of the content.

    Raises:
        HarlibError: the folder cannot be made or written, or the disk is full; nothing is left behind.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise HarlibError(f"{path} cannot be written ({error.strerror}): free or choose another folder") from None


def sweep(folder: Path) -> None:
    """Remove what writes that were killed left in a folder; nobody else may be writing into it."""
    for path in folder.rglob(f".*{_PART}"):
        path.unlink(missing_ok=True)


def write_if_changed(path: Path, content: bytes | str) -> None:
    """As write, but an equal file is left untouched."""
    data = content.encode() if isinstance(content, str) else content
    if not (path.is_file() and path.read_bytes() == data):
        write(path, data)


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
