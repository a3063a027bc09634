"""MATLAB files: version 5 by scipy, version 7.3, which is HDF5, by h5py."""

import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from jaxtyping import Shaped

from harlib.errors import HarlibError
from harlib.importing.limits import MOST_BYTES, check_bytes, check_shape

Array = Shaped[np.ndarray, "..."]
_NUMBERS = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
_COMPRESSED = 15  # data type miCOMPRESSED


def read(path: Path) -> Array:
    """The one numeric matrix of a .mat file, or the one that is named x.

    Raises:
        HarlibError: no .mat file, several matrices without an x, no numbers, too large, or links to other files.
    """
    check_bytes(path)
    with path.open("rb") as file:
        header = file.read(128)
    try:
        if h5py.is_hdf5(path):
            return _read_hdf5(path)
        if not header.startswith(b"MATLAB 5.0 MAT-file"):
            raise HarlibError(f"{path} is no .mat file of version 5 or 7.3: save it with -v7 or -v7.3")
        return _read_5(path, header)
    except HarlibError:
        raise
    except Exception as error:  # scipy and h5py raise whatever a damaged file makes them stumble over
        raise HarlibError(f"{path} is no readable .mat file ({error}): save it again with -v7 or -v7.3") from None


def _read_5(path: Path, header: bytes) -> Array:
    _check_unpacked(path, "<" if header[126:128] == b"IM" else ">")
    shapes = {name: shape for name, shape, kind in scipy.io.whosmat(path) if kind in _NUMBERS}
    name = _choose(path, list(shapes))
    check_shape(path, shapes[name])
    return np.asarray(scipy.io.loadmat(path, variable_names=[name])[name])


def _check_unpacked(path: Path, order: str) -> None:
    """Unpack each compressed matrix piece by piece and throw it away: scipy would believe any size it claims."""
    left = MOST_BYTES
    with path.open("rb") as file:
        file.seek(128)
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(order + "II", tag)
            end = file.tell() + size
            if kind != _COMPRESSED:
                left -= size
            else:
                unpack = zlib.decompressobj()
                while size > 0 and (piece := file.read(min(size, 2**16))) and left >= 0:
                    size -= len(piece)
                    while piece and left >= 0:
                        left -= len(unpack.decompress(piece, 2**20))
                        piece = unpack.unconsumed_tail
            if left < 0:
                raise HarlibError(f"{path}: unpacks to more than {MOST_BYTES:,} bytes: split it into several files")
            file.seek(end)


def _read_hdf5(path: Path) -> Array:
    with h5py.File(path, "r") as file:
        own = [name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)]
        held = {name: file[name] for name in own if isinstance(file[name], h5py.Dataset)}
        matrices = {name: found for name, found in held.items() if _is_numeric(found.dtype)}
        name = _choose(path, list(matrices))
        matrix = matrices[name]
        if matrix.external or matrix.is_virtual:
            raise HarlibError(f"{path}: {name} lies in another file, which is not read: save its numbers in this one")
        check_shape(path, matrix.shape)
        check_shape(path, matrix.chunks or (1,))  # a chunk is unpacked whole, and may be larger than the matrix
        values = matrix[()].T  # MATLAB counts columns first
    return np.asarray(values["real"] + 1j * values["imag"] if values.dtype.names else values)


def _is_numeric(dtype: np.dtype[Any]) -> bool:
    parts = [dtype[name] for name in dtype.names] if dtype.names == ("real", "imag") else [dtype]
    return all(part.kind in "iuf" for part in parts)


def _choose(path: Path, names: list[str]) -> str:
    if "x" in names:
        return "x"
    if len(names) != 1:
        raise HarlibError(f"{path} holds {', '.join(names) or 'no matrix of numbers'}: name the spectrogram x")
    return names[0]
