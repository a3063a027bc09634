"""Reader of Acclaim files: a skeleton (.asf) and its movement (.amc), as the CMU motion capture database gives them.

Each bone has a rest direction, a length and a frame of its own (C); its movement M acts in that frame, so a bone turns
by C M C^-1 relative to its parent. Angles named "XYZ" turn about x first. A joint here is a bone's far end.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from harlib.errors import HarlibError
from harlib.radar.mocap.capture import Capture, check_size, numbers, read_lines, turn

INCH_M = 0.0254
CHANNELS = {"tx", "ty", "tz", "rx", "ry", "rz"}
RATE_HZ = 120.0
"""Frames a second where nobody says another: the files do not tell, and nearly all of CMU's have 120."""


@dataclass
class _Bone:
    vector: Float[np.ndarray, "3"]
    frame: Float[np.ndarray, "3 3"]
    channels: list[str]


def read(skeleton: Path, motion: Path, rate_hz: float = RATE_HZ) -> Capture:
    """A capture from a skeleton and a movement.

    Args:
        skeleton: the .asf file.
        motion: the .amc file, of the same person or of one with the same bones.
        rate_hz: frames a second.

    Raises:
        HarlibError: a broken file, or two that do not belong together; names the line.
    """
    bones, parents, unit_m = _skeleton(skeleton)
    values = _motion(motion, bones)
    frames = len(next(iter(values.values())))
    names = tuple(bones)
    position = np.empty((len(names), 3, frames))
    turned = np.empty((len(names), frames, 3, 3))
    for index, name in enumerate(names):
        bone = bones[name]
        own = np.tile(np.eye(3), (frames, 1, 1))
        shift = np.zeros((frames, 3))
        for channel, column in zip(bone.channels, values.get(name, np.empty((frames, 0))).T, strict=True):
            if channel[0] == "t":
                shift[:, "xyz".index(channel[1])] += column
            else:
                own = turn(channel[1], np.deg2rad(column)) @ own
        own = bone.frame @ own @ bone.frame.T
        parent = parents[index]
        turned[index] = own if parent < 0 else turned[parent] @ own
        start = shift.T + bone.vector[:, None] if parent < 0 else position[parent]
        position[index] = start if parent < 0 else start + (turned[index] @ bone.vector).T
    return Capture(names, parents, position, rate_hz, unit_m)


def _euler(order: str, degrees: list[float]) -> Float[np.ndarray, "3 3"]:
    result = np.eye(3)
    for axis, angle in zip(order.lower(), degrees, strict=True):
        result = turn(axis, np.deg2rad([angle]))[0] @ result
    return result


def _skeleton(path: Path) -> tuple[dict[str, _Bone], tuple[int, ...], float]:
    section = ""
    bones: dict[str, _Bone] = {}
    children: dict[str, str] = {}
    entry: dict[str, list[str]] = {}
    root: dict[str, list[str]] = {}
    scale, degrees = 1.0, True
    for number, words in enumerate(read_lines(path), 1):
        if not words or words[0].startswith("#"):
            continue
        key = words[0].lower()
        if key.startswith(":"):
            section = key[1:]
        elif section == "units" and key == "length":
            scale = numbers(words[1:], 1, path, number)[0]
        elif section == "units" and key == "angle":
            degrees = words[1:2] != ["rad"]
        elif section == "root":
            root[key] = words[1:]
        elif section == "bonedata" and key == "begin":
            entry = {}
        elif section == "bonedata" and key == "end":
            name, bone = _bone(entry, degrees, path, number)
            if name in bones or name == "root":
                raise HarlibError(f"{path}, line {number}: bone {name!r} is there twice")
            bones[name] = bone
            check_size(len(bones), 0, path)
        elif section == "bonedata":
            entry[key] = words[1:]
        elif section == "hierarchy" and key not in ("begin", "end"):
            for child in words[1:]:
                if child in children or child not in bones or words[0] not in {"root", *bones}:
                    raise HarlibError(f"{path}, line {number}: {words[0]!r} cannot hold {child!r}; see :bonedata")
                children[child] = words[0]
    if not bones or "order" not in root:
        raise HarlibError(f"{path}: no :root with an order, or no :bonedata; expected a complete .asf file")
    if not 1e-6 <= scale <= 1e6:
        raise HarlibError(f"{path}: unit length {scale:g}; above 0 is needed")
    end = len(read_lines(path))
    channels = [word.lower() for word in root["order"]]
    if not set(channels) <= CHANNELS:
        raise HarlibError(f"{path}: root order {' '.join(channels)}; expected of {', '.join(sorted(CHANNELS))}")
    angles = numbers(root.get("orientation", ["0", "0", "0"]), 3, path, end)
    place = np.array(numbers(root.get("position", ["0", "0", "0"]), 3, path, end))
    to_degrees = 1.0 if degrees else 180 / np.pi
    frame = _euler(_order(root.get("axis", ["XYZ"]), path, end), [angle * to_degrees for angle in angles])
    placed: dict[str, _Bone] = {"root": _Bone(place, frame, channels)}
    parents = [-1]
    waiting = dict(children)
    while waiting:
        ready = [name for name, parent in waiting.items() if parent in placed]
        if not ready:
            raise HarlibError(f"{path}: :hierarchy goes in a circle at {next(iter(waiting))!r}")
        for name in ready:
            parents.append(list(placed).index(waiting.pop(name)))
            placed[name] = bones[name]
    return placed, tuple(parents), INCH_M / scale


def _order(words: list[str], path: Path, line: int) -> str:
    order = "".join(words[-1:]).lower()
    if sorted(order) != ["x", "y", "z"]:
        raise HarlibError(f"{path}, line {line}: axis order {order[:40]!r}; expected one such as XYZ")
    return order


def _bone(entry: dict[str, list[str]], degrees: bool, path: Path, line: int) -> tuple[str, _Bone]:
    missing = [key for key in ("name", "direction", "length", "axis") if not entry.get(key)]
    if missing:
        raise HarlibError(f"{path}, line {line}: a bone without {', '.join(missing)}")
    length = numbers(entry["length"], 1, path, line)[0]
    direction = np.array(numbers(entry["direction"], 3, path, line))
    angles = [angle * (1.0 if degrees else 180 / np.pi) for angle in numbers(entry["axis"][:-1], 3, path, line)]
    channels = [word.lower() for word in entry.get("dof", [])]
    if not set(channels) <= CHANNELS:
        raise HarlibError(f"{path}, line {line}: dof {' '.join(channels)[:40]}; expected rx, ry, rz")
    frame = _euler(_order(entry["axis"], path, line), angles)
    return entry["name"][0], _Bone(direction * length, frame, channels)


def _motion(path: Path, bones: dict[str, _Bone]) -> dict[str, Float[np.ndarray, "frames channels"]]:
    values: dict[str, list[list[float]]] = {name: [] for name, bone in bones.items() if bone.channels}
    frames, radians, number = 0, False, 0
    for number, words in enumerate(read_lines(path), 1):
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(":"):
            radians = radians or words[0].lower() == ":radians"
        elif len(words) == 1 and words[0].isdigit():
            _complete(values, frames, path, number)
            frames += 1
            check_size(len(bones), frames, path)
        elif words[0] not in values or not frames:
            raise HarlibError(f"{path}, line {number}: {words[0][:40]!r} is no moving bone of the skeleton")
        elif len(values[words[0]]) == frames:
            raise HarlibError(f"{path}, line {number}: {words[0]!r} twice in frame {frames}")
        else:
            row = numbers(words[1:], len(bones[words[0]].channels), path, number)
            angle = 180 / np.pi if radians else 1.0
            turned = [1.0 if channel[0] == "t" else angle for channel in bones[words[0]].channels]
            values[words[0]].append([a * b for a, b in zip(row, turned, strict=True)])
    _complete(values, frames, path, number)
    if not frames:
        raise HarlibError(f"{path}: no frames; expected the text of an .amc file")
    return {name: np.array(rows) for name, rows in values.items()}


def _complete(values: dict[str, list[list[float]]], frames: int, path: Path, line: int) -> None:
    for name, rows in values.items():
        if len(rows) != frames:
            raise HarlibError(f"{path}, line {line}: frame {frames} ends without bone {name!r}")
