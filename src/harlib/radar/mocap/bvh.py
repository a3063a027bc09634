"""Reader of Biovision Hierarchy files (.bvh): a tree of joints with offsets, then a line of channels a frame.

Meredith & Maddock (2001), Motion Capture File Formats Explained. A joint's channels turn it in the order in which they
are named: the first named is the outermost. Position channels are added to the joint's offset.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harlib.errors import HarlibError
from harlib.radar.mocap.capture import LARGEST, Capture, check_size, numbers, read_lines, turn

CHANNELS = {f"{axis}{kind}" for axis in "xyz" for kind in ("position", "rotation")}


@dataclass
class _Joint:
    name: str
    parent: int
    offset: list[float] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)


def read(path: Path) -> Capture:
    """A capture from a BVH file; the ends of the last bones are joints named after them, as in "Head end".

    Raises:
        HarlibError: a broken file; names the line.
    """
    lines = read_lines(path)
    joints, after = _hierarchy(lines, path)
    values, rate_hz = _motion(lines, after, joints, path)
    frames = len(values)
    position = np.empty((len(joints), 3, frames))
    turned = np.empty((len(joints), frames, 3, 3))
    column = 0
    for index, joint in enumerate(joints):
        shift = np.tile(np.array(joint.offset), (frames, 1))
        own = np.tile(np.eye(3), (frames, 1, 1))
        for channel in joint.channels:
            if channel.endswith("position"):
                shift[:, "xyz".index(channel[0])] += values[:, column]
            else:
                own = own @ turn(channel[0], np.deg2rad(values[:, column]))
            column += 1
        if joint.parent < 0:
            position[index], turned[index] = shift.T, own
        else:
            before = turned[joint.parent]
            position[index] = position[joint.parent] + (before @ shift[:, :, None])[:, :, 0].T
            turned[index] = before @ own
    return Capture(tuple(j.name for j in joints), tuple(j.parent for j in joints), position, rate_hz, None)


def _hierarchy(lines: list[list[str]], path: Path) -> tuple[list[_Joint], int]:
    joints: list[_Joint] = []
    open_joints: list[int] = []
    pending: _Joint | None = None
    started = False
    for at, words in enumerate(lines):
        number = at + 1
        if not words:
            continue
        key = words[0].lower()
        if not started:
            if key != "hierarchy":
                raise HarlibError(f"{path}, line {number}: expected HIERARCHY, the first word of a .bvh file")
            started = True
        elif key == "motion":
            if not joints or open_joints or pending:
                raise HarlibError(f"{path}, line {number}: MOTION before the hierarchy is complete")
            for joint in joints:
                if not joint.offset:
                    raise HarlibError(f"{path}: joint {joint.name!r} has no OFFSET")
            return joints, at + 1
        elif key in ("root", "joint", "end"):
            if pending or (key == "root") != (not joints) or (key != "root" and not open_joints):
                raise HarlibError(f"{path}, line {number}: {words[0]} out of place; one ROOT, joints inside it")
            parent = open_joints[-1] if open_joints else -1
            name = f"{joints[parent].name} end" if key == "end" else " ".join(words[1:])
            if not name:
                raise HarlibError(f"{path}, line {number}: a joint without a name")
            pending = _Joint(name, parent)
            check_size(len(joints) + 1, 0, path)
        elif key == "{":
            if pending is None:
                raise HarlibError(f"{path}, line {number}: a brace without a joint")
            open_joints.append(len(joints))
            joints.append(pending)
            pending = None
        elif key == "}" and open_joints and not pending:
            open_joints.pop()
        elif key == "offset" and open_joints and not pending:
            joints[open_joints[-1]].offset = numbers(words[1:], 3, path, number)
        elif key == "channels" and open_joints and not pending:
            names = [word.lower() for word in words[2:]]
            if words[1:2] != [str(len(names))] or not set(names) <= CHANNELS or len(set(names)) < len(names):
                raise HarlibError(f"{path}, line {number}: CHANNELS needs their count, then as many of Xposition ..")
            joints[open_joints[-1]].channels = names
        else:
            raise HarlibError(f"{path}, line {number}: {words[0][:40]!r} is not expected here")
    raise HarlibError(f"{path}: ends, at line {len(lines)}, before MOTION")


def _motion(lines: list[list[str]], after: int, joints: list[_Joint], path: Path) -> tuple[np.ndarray, float]:
    rows = [(at + 1, words) for at, words in enumerate(lines[after:], after) if words]
    if len(rows) < 2 or rows[0][1][0].lower() != "frames:" or [w.lower() for w in rows[1][1][:2]] != ["frame", "time:"]:
        raise HarlibError(f"{path}, line {after + 1}: expected `Frames: <count>`, then `Frame Time: <seconds>`")
    count = numbers(rows[0][1][1:], 1, path, rows[0][0])[0]
    period = numbers(rows[1][1][2:], 1, path, rows[1][0])[0]
    if count != int(count) or count < 1 or count > LARGEST:
        raise HarlibError(f"{path}, line {rows[0][0]}: Frames: {count:g}; a whole number from 1 is needed")
    if not 1e-4 <= period <= 1:
        raise HarlibError(f"{path}, line {rows[1][0]}: Frame Time: {period:g} s; 0.0001 to 1 is allowed")
    if len(rows) - 2 != int(count):
        raise HarlibError(f"{path}: {len(rows) - 2} frames, but line {rows[0][0]} promises {int(count)}")
    check_size(len(joints), int(count), path)
    width = sum(len(joint.channels) for joint in joints)
    return np.array([numbers(words, width, path, number) for number, words in rows[2:]]), 1 / period
