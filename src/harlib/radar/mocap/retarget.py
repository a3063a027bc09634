"""From a capture's joints to the 17 segments of a body, in metres, upright, and in front of the radar."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from harlib.errors import HarlibError
from harlib.radar.body import FOOT, HAND, HEAD, LOWER_TRUNK, MIDDLE_TRUNK, NECK, SHANK, THIGH, TRUNK
from harlib.radar.mocap import landmarks
from harlib.radar.mocap.capture import Capture

LEAST_S = 0.5
SOLE_M = 0.02
Vectors = Float[np.ndarray, "3 time"]


@dataclass(frozen=True)
class Scene:
    """Where the captured person is put.

    Attributes:
        distance_m: from the radar along the floor to the hips where they come nearest.
        aspect_deg: how far the person faces away from the radar, on average over the capture; 0 faces it.
        height_m: of the person; None takes the capture's unit, or 1.75 m where the file has none.
        up: the capture's vertical axis, "x", "y", "z"; None takes the one along which the neck is above the ankles.
    """

    distance_m: float = 3.0
    aspect_deg: float = 0.0
    height_m: float | None = None
    up: str | None = None


@dataclass(frozen=True)
class Placed:
    """A capture on the radar's time.

    Attributes:
        place: near joint, far joint and wide direction of each of the 17 segments; see `harlib.radar.body`.
        span_s: first and last second that the capture fills; before and after it the pose is held.
        height_m: of the person.
    """

    place: dict[str, tuple[Vectors, Vectors, Vectors]]
    span_s: tuple[float, float]
    height_m: float


def retarget(capture: Capture, scene: Scene, time: Float[np.ndarray, " time"], start_s: float | None = None) -> Placed:
    """Put a capture in front of the radar, resampled by cubic splines.

    Args:
        capture: joints over time.
        scene: where the person is put.
        time: seconds at which the body is needed.
        start_s: second of the capture that falls on time 0; None puts the capture's middle in the middle of `time`.
            What the capture does not fill shows the first or the last pose, held.

    Raises:
        HarlibError: a joint is missing, a bone has no length, or the capture is shorter than LEAST_S.
    """
    frames = capture.position.shape[2]
    length_s = (frames - 1) / capture.rate_hz
    if frames < 4 or length_s < LEAST_S:
        raise HarlibError(f"the capture has {frames} frames in {length_s:.2f} s; 4 frames and {LEAST_S} s are needed")
    found = landmarks.find(capture)
    chain = landmarks.spine(capture)
    leg = _leg(found)
    height = scene.height_m
    if height is None:
        height = leg * capture.unit_m / (THIGH + SHANK) if capture.unit_m else 1.75
    if not 0.5 <= height <= 3:
        raise HarlibError(f"the capture's legs make a person {height:.2f} m tall; 0.5 to 3 is allowed: give --height")
    unit = height * (THIGH + SHANK) / leg
    upright = _upright(found, scene.up)
    names = list(found)
    points = np.concatenate([np.stack([found[name] for name in names]), chain])
    points = unit * np.einsum("ij,njt->nit", upright, points)
    points = _stand(points, names, scene)
    offset = (time[0] + time[-1] - length_s) / 2 if start_s is None else -start_s
    if offset > time[-1] or offset + length_s < time[0]:
        raise HarlibError(f"start {start_s} s: the capture has {length_s:.2f} s")
    moments = np.clip(time - offset, 0, length_s)
    points = CubicSpline(np.arange(frames) / capture.rate_hz, points, axis=2)(moments)
    place = _segments(dict(zip(names, points, strict=False)), points[len(names) :], height)
    return Placed(place, (max(offset, float(time[0])), min(offset + length_s, float(time[-1]))), float(height))


def _leg(found: dict[str, Vectors]) -> float:
    bones = [(f"{side} {a}", f"{side} {b}") for side in ("left", "right") for a, b in
             (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))]  # fmt: skip
    lengths = {pair: np.linalg.norm(found[pair[0]] - found[pair[1]], axis=0).mean() for pair in bones}
    lengths["neck", "head"] = np.linalg.norm(found["neck"] - found["head"], axis=0).mean()
    # In units of the longest bone, so that a file in millimetres and one in inches are held alike.
    for (near, far), bone in lengths.items():
        if bone <= 0.01 * max(lengths.values()):
            raise HarlibError(f"the capture's bone from {near} to {far} has no length")
    return float(sum(bone for (near, _), bone in lengths.items() if near.split()[-1] in ("hip", "knee")) / 2)


def _upright(found: dict[str, Vectors], up: str | None) -> Float[np.ndarray, "3 3"]:
    trunk = found["neck"] - (found["left ankle"] + found["right ankle"]) / 2
    mean = trunk.mean(axis=1)
    axis = int(np.abs(mean).argmax()) if up is None else "xyz".index(up)
    sign = np.sign(mean[axis]) or 1.0
    result = np.zeros((3, 3))
    result[2, axis] = sign
    result[0, (axis + 1) % 3] = 1
    result[1, (axis + 2) % 3] = sign  # right-handed either way
    return result


def _stand(
    points: Float[np.ndarray, "points 3 frames"], names: list[str], scene: Scene
) -> Float[np.ndarray, "points 3 frames"]:
    # Facing: across the hips, turned a quarter; averaged as unit vectors, so that a full turn has no wrong mean.
    at = {name: points[index] for index, name in enumerate(names)}
    left = at["left hip"] - at["right hip"]
    facing = np.angle(np.mean(np.exp(1j * np.arctan2(-left[0], left[1]))))
    turn = np.pi + np.deg2rad(scene.aspect_deg) - facing
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    points = np.einsum("ij,njt->nit", rotation, points)
    at = {name: points[index] for index, name in enumerate(names)}
    hips = (at["left hip"] + at["right hip"]) / 2
    feet = [at[name][2] for name in at if name.split()[-1] in ("ankle", "toes")]
    ground = np.quantile(np.min(feet, axis=0), 0.02) - SOLE_M
    shift = np.array([scene.distance_m - hips[0].min(), -hips[1].mean(), -ground])
    return np.asarray(points + shift[:, None])


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / np.maximum(np.linalg.norm(vector, axis=0), 1e-9))


def _across(wide: Vectors, near: Vectors, far: Vectors) -> Vectors:
    # A raised arm may point where the shoulders do: what is left of their direction is taken only where there is some.
    along = _unit(far - near)
    square = wide - (wide * along).sum(axis=0) * along
    spare = np.cross(along, np.array([[0.0], [0.0], [1.0]]), axis=0)
    return np.where(np.linalg.norm(square, axis=0) > 0.05, _unit(square), _unit(spare))


def _segments(
    at: dict[str, Vectors], spine: Float[np.ndarray, "nodes 3 time"], height: float
) -> dict[str, tuple[Vectors, Vectors, Vectors]]:
    hips = (at["left hip"] + at["right hip"]) / 2
    pelvis, chest = (_unit(at[f"left {part}"] - at[f"right {part}"]) for part in ("hip", "shoulder"))
    nodes = np.concatenate([hips[None], spine[1:]])
    steps = np.linalg.norm(np.diff(nodes, axis=0), axis=1).mean(axis=1)
    if steps.sum() < 0.3 * TRUNK * height:
        raise HarlibError(f"the capture's trunk is {steps.sum():.2f} m long in a person of {height:.2f} m")
    done = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    waist, breast = (_between(nodes, done, share) for share in (LOWER_TRUNK, LOWER_TRUNK + MIDDLE_TRUNK))
    neck = nodes[-1]
    upward = _unit(at["head"] - neck)
    chin = neck + NECK * height * upward
    crown = _unit(at["top"] - at["head"]) if "top" in at else upward
    bones = {
        "head": (chin, chin + HEAD * height * crown, chest),
        "neck": (neck, chin, chest),
        "upper trunk": (breast, neck, chest),
        "middle trunk": (waist, breast, _unit(pelvis + chest)),
        "lower trunk": (hips, waist, pelvis),
    }
    for side in ("left", "right"):
        wrist, ankle = at[f"{side} wrist"], at[f"{side} ankle"]
        hand = at[f"{side} fingers"] - wrist if f"{side} fingers" in at else wrist - at[f"{side} elbow"]
        ahead = np.cross(pelvis, np.array([[0.0], [0.0], [1.0]]), axis=0)
        foot = at[f"{side} toes"] - ankle if f"{side} toes" in at else ahead
        bones |= {
            f"{side} upper arm": (at[f"{side} shoulder"], at[f"{side} elbow"], chest),
            f"{side} forearm": (at[f"{side} elbow"], wrist, chest),
            f"{side} hand": (wrist, wrist + HAND * height * _unit(hand), chest),
            f"{side} thigh": (at[f"{side} hip"], at[f"{side} knee"], pelvis),
            f"{side} shank": (at[f"{side} knee"], ankle, pelvis),
            f"{side} foot": (ankle, ankle + FOOT * height * _unit(foot), pelvis),
        }
    return {name: (near, far, _across(wide, near, far)) for name, (near, far, wide) in bones.items()}


def _between(nodes: Float[np.ndarray, "nodes 3 time"], done: Float[np.ndarray, " nodes"], share: float) -> Vectors:
    after = int(np.clip(np.searchsorted(done, share), 1, len(done) - 1))
    part = (share - done[after - 1]) / max(done[after] - done[after - 1], 1e-9)
    return np.asarray(nodes[after - 1] + part * (nodes[after] - nodes[after - 1]))
