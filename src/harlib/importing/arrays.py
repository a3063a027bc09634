"""Arrays of NumPy's own formats and of text: .npy, .npz, .csv. Pickled objects are refused."""

import warnings
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Shaped

from harlib.errors import HarlibError, brief
from harlib.importing.limits import MOST_BYTES, MOST_TEXT, check_bytes, check_shape

Array = Shaped[np.ndarray, "..."]
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npy(path: Path) -> Array:
    """The array of a .npy file.

    Raises:
        HarlibError: no .npy file, an array of objects, too large, or truncated.
    """
    check_bytes(path)
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except Exception as error:  # numpy raises whatever a damaged header makes it stumble over
        raise _unreadable(path, ".npy", error) from None


def read_npz(path: Path, least: int = 1) -> dict[str, Array]:
    """The arrays of a .npz file by name; nothing is written to disk, so that names with folders lead nowhere.

    Args:
        path: the file.
        least: values that every array has to have.

    Raises:
        HarlibError: no .npz file, an array of objects, too large together, or truncated.
    """
    check_bytes(path)
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise HarlibError(f"{path}: unpacks to more than {MOST_BYTES:,} bytes: split it into several files")
            for member in members:
                with archive.open(member) as file:
                    found[member.filename.removesuffix(".npy")] = _read(path, file, least)
    except Exception as error:
        raise _unreadable(path, ".npz", error) from None
    return found


def read_one(path: Path) -> Array:
    """The one array of a .npz file, or the one that is named x."""
    held = read_npz(path)
    if "x" not in held and len(held) != 1:
        raise HarlibError(f"{path} holds {', '.join(held) or 'no array'}: name the spectrogram x")
    return held.get("x", next(iter(held.values())))


def read_csv(path: Path) -> Array:
    """The numbers of a .csv file, float64 [rows, columns], without a line of names.

    Raises:
        HarlibError: anything else than numbers, rows of unlike length, or too large.
    """
    check_bytes(path, MOST_TEXT)
    try:
        with warnings.catch_warnings(action="ignore"):  # an empty file warns; its shape is refused below
            numbers = np.loadtxt(path, delimiter=",", ndmin=2)
    except ValueError as error:
        raise HarlibError(f"{path}: {error}: expected rows of numbers with commas between, no names") from None
    check_shape(path, numbers.shape)
    return numbers


def _read(path: Path, file: IO[bytes], least: int = 1) -> Array:
    with warnings.catch_warnings(action="ignore"):  # of headers that Python 2 wrote
        return _read_quietly(path, file, least)


def _read_quietly(path: Path, file: IO[bytes], least: int) -> Array:
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format")
    shape, fortran, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise HarlibError(f"{path} holds Python objects, which are not read: save an array of numbers")
    check_shape(path, shape, least)
    if np.prod(shape, dtype=object) * dtype.itemsize > MOST_BYTES:
        raise HarlibError(f"{path}: shape {shape} of {dtype} is above {MOST_BYTES:,} bytes: split it")
    count = int(np.prod(shape, dtype=object))
    content = file.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise ValueError(f"truncated: {len(content):,} of {count * dtype.itemsize:,} bytes")
    if dtype.kind == "U" and not _is_text(np.frombuffer(content, f"{dtype.byteorder}u4")):
        raise ValueError("an array of text holds what is no character")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _is_text(points: Shaped[np.ndarray, " n"]) -> bool:
    """Whether numbers are code points of Unicode; halves of pairs are none."""
    return not ((points > 0x10FFFF) | ((points >= 0xD800) & (points <= 0xDFFF))).any()


def _unreadable(path: Path, kind: str, error: Exception) -> HarlibError:
    if isinstance(error, HarlibError):
        return error
    return HarlibError(f"{path} is no readable {kind} file ({brief(error)}): save it again")
