"""Test vectors: inputs, logits and layer outputs that every engine of a model must reproduce bit for bit."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Integer, UInt8

from harlib.errors import HarlibError
from harlib.files import write
from harlib.importing.arrays import read_npz
from harlib.integer import oracle
from harlib.integer.model import IntegerModel

WHOLE = 2  # samples whose layer outputs are kept; of the others, a hash a layer

Trace = Callable[[IntegerModel, Any], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Vectors:
    """What an engine is held against.

    A hash is the hex SHA-256 of a layer's output of the samples from the third on, in C order: bytes of uint8, or of
    little-endian int32 for the linear layer.
    """

    input: UInt8[np.ndarray, "m ..."]
    logits: Int32[np.ndarray, "m classes"]
    outputs: dict[str, Integer[np.ndarray, "few ..."]]
    hashes: dict[str, str]


def make(model: IntegerModel, inputs: UInt8[np.ndarray, "m ..."], trace: Trace = oracle.trace) -> Vectors:
    """Run an engine, the oracle unless told, on inputs [m, height, width] or [m, channels, height, width]."""
    outputs = trace(model, inputs)
    return Vectors(
        input=inputs,
        logits=outputs[model.linear.name],
        outputs={name: output[:WHOLE] for name, output in outputs.items()},
        hashes={name: _hash(output[WHOLE:]) for name, output in outputs.items()},
    )


def save(path: str | Path, model: IntegerModel, inputs: UInt8[np.ndarray, "m ..."]) -> None:
    """Write the oracle's vectors, whole or not at all: an npz.

    Its arrays are `input`, `logits`, and for each layer `output/<name>` and `sha256/<name>`; see `Vectors`.
    The same model and inputs give the same bytes.
    """
    vectors = make(model, inputs)
    arrays = {"input": vectors.input, "logits": vectors.logits}
    arrays |= {f"output/{name}": output for name, output in vectors.outputs.items()}
    arrays |= {f"sha256/{name}": np.array(digest) for name, digest in vectors.hashes.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write(Path(path), buffer.getvalue())


def load(path: str | Path) -> Vectors:
    """Read vectors; nothing is unpickled.

    Raises:
        HarlibError: the file cannot be read or lacks an array.
    """
    arrays = read_npz(Path(path), least=0)
    outputs = {name.removeprefix("output/"): value for name, value in arrays.items() if name.startswith("output/")}
    marks = [f"sha256/{name}" for name in outputs]
    if missing := [name for name in ("input", "logits", *marks) if name not in arrays]:
        raise HarlibError(f"{path}: has no array {missing[0]!r}; make the vectors again")
    if shaped := [name for name in marks if arrays[name].size != 1]:
        raise HarlibError(f"{path}: {shaped[0]} has shape {arrays[shaped[0]].shape}; must be one hash")
    hashes = {name: str(arrays[f"sha256/{name}"].item()) for name in outputs}
    inputs, logits = arrays["input"], arrays["logits"]
    for name, dtype in (("input", np.uint8), ("logits", np.int32)):
        if arrays[name].dtype != dtype:
            raise HarlibError(f"{path}: {name} is {arrays[name].dtype}; must be {np.dtype(dtype)}")
    if inputs.ndim not in (3, 4) or logits.ndim != 2 or len(logits) != len(inputs):
        raise HarlibError(
            f"{path}: input {list(inputs.shape)} and logits {list(logits.shape)} do not belong together; "
            "must be [m, height, width] and [m, classes]; make the vectors again"
        )
    return Vectors(inputs, logits, outputs, hashes)


def verify(model: IntegerModel, vectors: Vectors, trace: Trace = oracle.trace) -> int:
    """Hold an engine against vectors, bit for bit.

    Args:
        model: the integer model.
        vectors: from `load`.
        trace: an engine's function as `harlib.integer.oracle.trace`.

    Returns:
        The number of samples held.

    Raises:
        HarlibError: names the first layer that differs and, where its outputs are kept, the first sample.
    """
    found = make(model, vectors.input, trace)
    for name in found.outputs:
        if name not in vectors.outputs:
            raise HarlibError(f"layer {name}: is not in the vectors ({', '.join(vectors.outputs)}); make them again")
        _require_equal(f"layer {name}", found.outputs[name], vectors.outputs[name])
        if found.hashes[name] != vectors.hashes[name]:
            raise HarlibError(f"layer {name}: its hash over samples {WHOLE}.. differs from the vectors'")
    _require_equal("logits", found.logits, vectors.logits)
    return len(vectors.input)


def _require_equal(what: str, found: Integer[np.ndarray, "..."], expected: Integer[np.ndarray, "..."]) -> None:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise HarlibError(
            f"{what}: is {found.dtype} {list(found.shape)}; the vectors have {expected.dtype} {list(expected.shape)}"
        )
    different = np.argwhere(found != expected)
    if len(different):
        place = tuple(int(i) for i in different[0])
        raise HarlibError(
            f"{what}: {len(different)} values differ; the first, at {list(place)} (sample first), is {found[place]}, "
            f"the vectors have {expected[place]}"
        )


def _hash(output: Integer[np.ndarray, "..."]) -> str:
    return hashlib.sha256(np.ascontiguousarray(output, output.dtype.newbyteorder("<")).tobytes()).hexdigest()
