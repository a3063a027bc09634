"""A person as body segments: lengths from anthropometry, joints from angles, scatterers along each segment.

Coordinates are in metres: the radar looks along +x, y is to its left, z is up from the floor. Vectors have their three
coordinates on the first axis.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Vector = Float[np.ndarray, "3 time"]

LEFT, RIGHT = 0, 1
UPPER, LOWER = 0, 1
FLEXION, ABDUCTION = 0, 1

# Lengths as fractions of body height (Drillis & Contini 1966, as in Winter 2009, figure 4.1).
TRUNK, HEAD_AND_NECK = 0.288, 0.182
UPPER_ARM, FOREARM, HAND = 0.186, 0.146, 0.108
THIGH, SHANK, FOOT = 0.245, 0.246, 0.152
HALF_SHOULDERS, HALF_HIPS = 0.129, 0.0955
ANKLE_HEIGHT = 0.039
HIP_HEIGHT = ANKLE_HEIGHT + SHANK + THIGH


@dataclass(frozen=True)
class Segment:
    """A prolate ellipsoid between two joints.

    Attributes:
        radius: semi-minor axis as a fraction of body height (rounded from body girths).
        reflectivity: share of a smooth conductor's cross-section that comes back; limbs are rougher than the trunk.
        along: scatterers spread evenly between the joints; the echo is shared among them.
        across: half width over which a pair of such rows is laid, as a fraction of body height (0: one row).
    """

    radius: float
    reflectivity: float
    along: int
    across: float = 0.0

    @property
    def scatterers(self) -> int:
        """Number of point scatterers."""
        return self.along * (2 if self.across else 1)


SEGMENTS: dict[str, Segment] = {
    "head": Segment(0.045, 0.7, 2),
    "chest": Segment(0.06, 0.8, 3, 0.07),
    "abdomen": Segment(0.06, 0.7, 3, 0.06),
    **{f"{side} {name}": segment for side in ("left", "right") for name, segment in {
        "upper arm": Segment(0.027, 0.30, 2),
        "forearm": Segment(0.023, 0.25, 3),
        "hand": Segment(0.018, 0.15, 2),
        "thigh": Segment(0.045, 0.8, 4),
        "shank": Segment(0.031, 0.7, 4),
        "foot": Segment(0.024, 0.3, 1),
    }.items()},
}  # fmt: skip


@dataclass(frozen=True)
class Body:
    """One person.

    Attributes:
        height_m: standing height.
        reflectivity: power factor of every scatterer (clothing, flesh), mean about 1.
    """

    height_m: float
    reflectivity: Float[np.ndarray, " points"]


@dataclass(frozen=True)
class Motion:
    """Joint angles over time. Flexion turns a segment forward, abduction away from the middle; hanging straight is 0.

    Attributes:
        root: middle of the hips, in metres.
        yaw: direction in which the person faces, radians; 0 is along +x, pi is toward the radar.
        trunk: abdomen and chest; forward flexion and lean to the left, radians from upright.
        arms: side, upper arm and forearm with hand; flexion and abduction in the chest's frame.
        legs: side, thigh and shank; flexion and abduction in the frame of a person who stands upright.
    """

    root: Float[np.ndarray, "3 time"]
    yaw: Float[np.ndarray, " time"]
    trunk: Float[np.ndarray, "2 2 time"]
    arms: Float[np.ndarray, "2 2 2 time"]
    legs: Float[np.ndarray, "2 2 2 time"]


@dataclass(frozen=True)
class Frame:
    """Three orthogonal unit vectors that move with a part of the body."""

    forward: Vector
    left: Vector
    up: Vector

    def tilted(self, flexion: Float[np.ndarray, " time"], lean: Float[np.ndarray, " time"]) -> "Frame":
        """The frame bent forward by `flexion`, then to the left by `lean` (radians)."""
        (cosine, sine), (cosine_lean, sine_lean) = _turn(flexion), _turn(lean)
        straight = cosine * self.up + sine * self.forward
        up = cosine_lean * straight + sine_lean * self.left
        return Frame(cosine * self.forward - sine * self.up, cosine_lean * self.left - sine_lean * straight, up)

    def limb(self, side: int, angles: Float[np.ndarray, "2 time"]) -> Vector:
        """Unit vector of a limb on a side of the body, from flexion and abduction (radians); at (0, 0) it hangs."""
        outward = self.left if side == LEFT else -self.left
        (cosine, sine), (cosine_out, sine_out) = _turn(angles[FLEXION]), _turn(angles[ABDUCTION])
        return np.asarray(cosine_out * (sine * self.forward - cosine * self.up) + sine_out * outward)


def _turn(angle: Float[np.ndarray, " time"]) -> tuple[Float[np.ndarray, " time"], Float[np.ndarray, " time"]]:
    # Vectorised in float32, which errs by less than a micrometre over a limb: a ten-thousandth of a wavelength.
    small = angle.astype(np.float32)
    return np.cos(small), np.sin(small)


def upright(yaw: Float[np.ndarray, " time"]) -> Frame:
    """The frame of a person who stands facing `yaw`."""
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)
    cosine, sine = np.cos(yaw), np.sin(yaw)
    return Frame(np.stack([cosine, sine, zero]), np.stack([-sine, cosine, zero]), np.stack([zero, zero, one]))


def skeleton(body: Body, motion: Motion) -> dict[str, tuple[Vector, Vector, Vector]]:
    """Where every segment is: its near joint, its far joint and the direction in which it is wide.

    Returns:
        a name of SEGMENTS to three vectors [3, time], joints in metres, the last of unit length.
    """
    height = body.height_m
    standing = upright(motion.yaw)
    abdomen = standing.tilted(*motion.trunk[0])
    chest = standing.tilted(*motion.trunk[1])
    waist = motion.root + TRUNK / 2 * height * abdomen.up
    neck = waist + TRUNK / 2 * height * chest.up
    place = {
        "abdomen": (motion.root, waist, abdomen.left),
        "chest": (waist, neck, chest.left),
        "head": (neck + 0.05 * height * chest.up, neck + HEAD_AND_NECK * height * chest.up, chest.left),
    }
    for side, name in ((LEFT, "left"), (RIGHT, "right")):
        sign = 1 if side == LEFT else -1
        shoulder = neck + sign * HALF_SHOULDERS * height * chest.left
        elbow = shoulder + UPPER_ARM * height * chest.limb(side, motion.arms[side, UPPER])
        along = height * chest.limb(side, motion.arms[side, LOWER])
        wrist = elbow + FOREARM * along
        hip = motion.root + sign * HALF_HIPS * height * standing.left
        knee = hip + THIGH * height * standing.limb(side, motion.legs[side, UPPER])
        ankle = knee + SHANK * height * standing.limb(side, motion.legs[side, LOWER])
        foot = motion.legs[side, LOWER] + np.array([[np.pi / 2], [0.0]])
        ahead = standing.limb(side, foot)
        place |= {
            f"{name} upper arm": (shoulder, elbow, chest.left),
            f"{name} forearm": (elbow, wrist, chest.left),
            f"{name} hand": (wrist, wrist + HAND * along, chest.left),
            f"{name} thigh": (hip, knee, standing.left),
            f"{name} shank": (knee, ankle, standing.left),
            f"{name} foot": (ankle, ankle + FOOT * height * ahead, standing.left),
        }
    return place


def ellipsoid_rcs(
    radius: float, half_length: Float[np.ndarray, " time"] | float, cosine: Float[np.ndarray, " time"]
) -> Float[np.ndarray, " time"]:
    """Backscatter of a prolate ellipsoid much larger than the wavelength (Chen 2011, chapter 4, two equal axes).

    Args:
        radius: semi-minor axis a, metres.
        half_length: semi-major axis c, metres.
        cosine: of the angle between its long axis and the line of sight, -1..1.

    Returns:
        pi a^4 c^2 / (a^2 sin^2 + c^2 cos^2)^2 in square metres: pi c^2 from the side, pi a^4 / c^2 from an end.
    """
    squared = cosine**2
    result: Float[np.ndarray, " time"] = (
        np.pi * radius**4 * half_length**2 / (radius**2 * (1 - squared) + half_length**2 * squared) ** 2
    )
    return result


def scatterers(
    body: Body, motion: Motion, radar_height_m: float, roughness: float
) -> Iterator[tuple[str, Float[np.ndarray, "3 points time"], Float[np.ndarray, "points time"]]]:
    """Point scatterers of a moving person, segment by segment, as a radar at (0, 0, radar_height_m) sees them.

    Args:
        body: the person.
        motion: joint angles.
        radar_height_m: height of the radar above the floor.
        roughness: share of the echo from the side that comes back at any angle: a body is no mirror, 0..1.

    Yields:
        a name of SEGMENTS, positions in metres from the point on the floor below the radar, cross-sections in square
        metres; both float32, which is exact to about a micrometre.
    """
    place = skeleton(body, motion)
    first = 0
    for name, segment in SEGMENTS.items():
        near, far, wide = (vector.astype(np.float32) for vector in place[name])
        axis, sight = far - near, (near + far) / 2
        fractions = ((np.arange(segment.along) + 0.5) / segment.along).astype(np.float32)
        position = near[:, None] + fractions[:, None] * axis[:, None]
        if segment.across:
            offset = segment.across * body.height_m * wide[:, None]
            position = np.concatenate([position - offset, position + offset], axis=1)
        sight[2] -= radar_height_m
        length = np.sqrt((axis**2).sum(axis=0))
        cosine = (axis * sight).sum(axis=0) / (length * np.sqrt((sight**2).sum(axis=0)))
        smooth = ellipsoid_rcs(segment.radius * body.height_m, length / 2, cosine)
        echo = (segment.reflectivity / segment.scatterers) * (
            (1 - roughness) * smooth + roughness * np.pi * (length / 2) ** 2
        )
        yield name, position, body.reflectivity[first : first + segment.scatterers, None] * echo
        first += segment.scatterers
