"""Joint positions over time, whatever file they come from, and what the readers share: bounded text, numbers, turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from harlib.errors import HarlibError

MAX_BYTES = 64 << 20
MAX_JOINTS = 500
MAX_POSITIONS = 2_000_000
"""Joints times frames: nine minutes of 31 joints at 120 frames a second."""
LARGEST = 1e6
"""No angle, length or place in a capture is beyond this."""


@dataclass(frozen=True)
class Capture:
    """A recorded movement.

    Attributes:
        joints: names as in the file; the first is the root.
        parents: index of each joint's parent, -1 for the root; a parent stands before its children.
        position: where each joint is, in `unit_m`.
        rate_hz: frames a second.
        unit_m: metres a unit; None where the file does not say.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    position: Float[np.ndarray, "joints 3 frames"]
    rate_hz: float
    unit_m: float | None


def read_lines(path: Path) -> list[list[str]]:
    """The words of every line of a text file.

    Raises:
        HarlibError: missing, above MAX_BYTES, or no text.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HarlibError(f"{path}: above {MAX_BYTES >> 20} MiB; cut the capture")
        raw = path.read_bytes()
    except OSError as error:
        raise HarlibError(f"{path} cannot be read: {error.strerror}") from None
    if b"\0" in raw:
        raise HarlibError(f"{path}: binary data; expected the text of a .bvh, .asf or .amc file")
    return [line.split() for line in raw.decode("utf-8", errors="replace").splitlines()]


def numbers(words: Sequence[str], count: int, path: Path, line: int) -> list[float]:
    """`count` finite numbers.

    Raises:
        HarlibError: another count, no number, NaN, or beyond LARGEST; names file and line.
    """
    if len(words) != count:
        raise HarlibError(f"{path}, line {line}: {len(words)} numbers, expected {count}")
    result = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            raise HarlibError(f"{path}, line {line}: {word[:40]!r} is no number") from None
        if not abs(value) <= LARGEST:  # NaN compares false
            raise HarlibError(f"{path}, line {line}: {word[:40]} is not within +-{LARGEST:.0f}")
        result.append(value)
    return result


def check_size(joints: int, frames: int, path: Path) -> None:
    """Refuse more than memory should hold, before it is taken."""
    if joints > MAX_JOINTS or joints * max(frames, 1) > MAX_POSITIONS:
        raise HarlibError(
            f"{path}: {joints} joints, {frames} frames; at most {MAX_JOINTS} joints, and {MAX_POSITIONS} of both "
            "multiplied: cut the capture"
        )


def turn(axis: str, angle: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames 3 3"]:
    """Rotation matrices about a coordinate axis.

    Args:
        axis: "x", "y" or "z".
        angle: radians, counter-clockwise as seen from the axis' tip.
    """
    cosine, sine = np.cos(angle), np.sin(angle)
    result = np.zeros((angle.size, 3, 3))
    first = "xyz".index(axis)
    i, j = (first + 1) % 3, (first + 2) % 3
    result[:, first, first] = 1
    result[:, i, i] = result[:, j, j] = cosine
    result[:, i, j], result[:, j, i] = -sine, sine
    return result
