"""A person as body segments: lengths and girths from anthropometry, joints from angles, scatterers on each segment.

Coordinates are in metres: the radar looks along +x, y is to its left, z is up from the floor. Vectors have their three
coordinates on the first axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from harlib.radar.blocks import place_points

Vector = Float[np.ndarray, "3 time"]
Place = Mapping[str, tuple[Vector, Vector, Vector]]
"""A segment's name to its near joint, its far joint and the direction in which it is wide."""

LEFT, RIGHT = 0, 1
UPPER, LOWER = 0, 1
FLEXION, ABDUCTION = 0, 1

# Lengths as fractions of body height (Drillis & Contini 1966, as in Winter 2009, figure 4.1).
TRUNK, NECK, HEAD = 0.288, 0.052, 0.130
UPPER_ARM, FOREARM, HAND = 0.186, 0.146, 0.108
THIGH, SHANK, FOOT = 0.245, 0.246, 0.152
HALF_SHOULDERS, HALF_HIPS = 0.129, 0.0955
ANKLE_HEIGHT = 0.039
HIP_HEIGHT = ANKLE_HEIGHT + SHANK + THIGH
# The trunk's parts as shares of it (de Leva 1996, table 4: 145.7, 215.5 and 170.7 of 531.9 mm).
LOWER_TRUNK, MIDDLE_TRUNK, UPPER_TRUNK = 0.274, 0.405, 0.321

DENSITY_KG_M3 = 1070.0
"""Of a whole body of 1.75 m and 70 kg, from 690 + 900 h / m^(1/3) (Winter 2009, chapter 4)."""


@dataclass(frozen=True)
class Segment:
    """An ellipsoid between two joints; its girth follows from its mass.

    Attributes:
        length: fraction of body height.
        men, women: fractions of body mass (de Leva 1996, table 4; the neck is taken off the head).
        flat: its width over its depth.
        reflectivity: share of a smooth conductor's cross-section that comes back; limbs are rougher than the trunk.
    """

    length: float
    men: float
    women: float
    flat: float
    reflectivity: float


SEGMENTS: dict[str, Segment] = {
    "head": Segment(HEAD, 0.0554, 0.0534, 1.0, 0.7),
    "neck": Segment(NECK, 0.0140, 0.0134, 1.0, 0.5),
    "upper trunk": Segment(UPPER_TRUNK * TRUNK, 0.1596, 0.1545, 1.5, 0.6),
    "middle trunk": Segment(MIDDLE_TRUNK * TRUNK, 0.1633, 0.1465, 1.4, 0.6),
    "lower trunk": Segment(LOWER_TRUNK * TRUNK, 0.1117, 0.1247, 1.5, 0.6),
    **{f"{side} {name}": segment for side in ("left", "right") for name, segment in {
        "upper arm": Segment(UPPER_ARM, 0.0271, 0.0255, 1.0, 0.30),
        "forearm": Segment(FOREARM, 0.0162, 0.0138, 1.0, 0.25),
        "hand": Segment(HAND, 0.0061, 0.0056, 1.8, 0.15),
        "thigh": Segment(THIGH, 0.1416, 0.1478, 1.0, 0.8),
        "shank": Segment(SHANK, 0.0433, 0.0481, 1.0, 0.7),
        "foot": Segment(FOOT, 0.0137, 0.0129, 1.0, 0.3),
    }.items()},
}  # fmt: skip
NAMES = tuple(SEGMENTS)
"""The 17 segments, in the order of every array over segments."""


@dataclass(frozen=True)
class Body:
    """One person. Make one with `draw_body`.

    Attributes:
        height_m: standing height.
        mass_kg: of the whole body.
        semi_axes_m: half depth, half width and half length of every segment's ellipsoid.
        segment: index into NAMES of every point scatterer, rising.
        along: where the point lies between the near joint (0) and the far one (1).
        across_m: its distance from the axis in the wide direction and in the third one.
        reflectivity: its share of the segment's echo times its power factor (clothing, flesh).
    """

    height_m: float
    mass_kg: float
    semi_axes_m: Float[np.ndarray, "17 3"]
    segment: Int[np.ndarray, " points"]
    along: Float[np.ndarray, " points"]
    across_m: Float[np.ndarray, "2 points"]
    reflectivity: Float[np.ndarray, " points"]


def draw_body(rng: np.random.Generator, height_m: float, mass_kg: float, *, female: bool, spacing_m: float) -> Body:
    """A person of a height, a mass and a sex; where the scattering centres lie on the body is drawn.

    Args:
        rng: source of the scatterers' places and strengths.
        height_m: standing height.
        mass_kg: of the whole body: each ellipsoid is as thick as its share of it needs.
        female: whose shares of the mass are taken.
        spacing_m: of the scatterers along a segment, at most; 0 gives each segment one, in its middle.
    """
    axes = np.empty((len(SEGMENTS), 3))
    parts = []
    for index, segment in enumerate(SEGMENTS.values()):
        half_length = segment.length * height_m / 2
        volume = (segment.women if female else segment.men) * mass_kg / DENSITY_KG_M3
        depth = np.sqrt(volume / (4 / 3 * np.pi * half_length * segment.flat))
        axes[index] = depth, depth * segment.flat, half_length
        count = int(np.ceil(2 * half_length / spacing_m)) if spacing_m else 1
        count *= 2 if spacing_m and segment.flat > 1 and segment.length > HAND else 1
        part = np.zeros((5, count), dtype=np.float32)
        part[0] = index
        part[1] = 0.5
        if spacing_m:
            # On the surface and out of step: even spacing would make a grating of every limb.
            part[1] = (np.arange(count) + rng.uniform(0, 1, count)) / count
            around = rng.uniform(0, 2 * np.pi, count)
            rim = np.sqrt(1 - (2 * part[1] - 1) ** 2)
            part[2] = rim * axes[index, 1] * np.cos(around)
            part[3] = rim * axes[index, 0] * np.sin(around)
        part[4] = segment.reflectivity / count * np.exp(0.3 * rng.standard_normal(count))
        parts.append(part)
    points = np.concatenate(parts, axis=1)
    return Body(height_m, mass_kg, axes, points[0].astype(np.int64), points[1], points[2:4], points[4])


@dataclass(frozen=True)
class Motion:
    """Joint angles over time. Flexion turns a segment forward, abduction away from the middle; hanging straight is 0.

    Attributes:
        root: middle of the hips, in metres.
        yaw: direction in which the person faces, radians; 0 is along +x, pi is toward the radar.
        trunk: lower and upper half; forward flexion and lean to the left, radians from upright.
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
    pelvis = standing.tilted(*motion.trunk[0])
    chest = standing.tilted(*motion.trunk[1])
    between = pelvis.up + chest.up
    between /= np.sqrt((between**2).sum(axis=0))
    waist = motion.root + LOWER_TRUNK * TRUNK * height * pelvis.up
    breast = waist + MIDDLE_TRUNK * TRUNK * height * between
    neck = breast + UPPER_TRUNK * TRUNK * height * chest.up
    chin = neck + NECK * height * chest.up
    place = {
        "lower trunk": (motion.root, waist, pelvis.left),
        "middle trunk": (waist, breast, chest.left),
        "upper trunk": (breast, neck, chest.left),
        "neck": (neck, chin, chest.left),
        "head": (chin, chin + HEAD * height * chest.up, chest.left),
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
    semi_axes: Float[np.ndarray, "3 *#any"], cosines: Float[np.ndarray, "3 *#any"]
) -> Float[np.ndarray, "*any"] | np.floating:
    """Backscatter of an ellipsoid much larger than the wavelength (Trott 2007; Chen 2011, chapter 4).

    Args:
        semi_axes: a, b and c in metres.
        cosines: of the angles between these axes and the line of sight; their squares sum to 1.

    Returns:
        pi (abc)^2 / (a^2 u^2 + b^2 v^2 + c^2 w^2)^2 in square metres: pi (bc / a)^2 along a.
    """
    squared = semi_axes**2
    result: Float[np.ndarray, "*any"] | np.floating = (
        np.pi * squared.prod(axis=0) / ((squared * cosines**2).sum(axis=0)) ** 2
    )
    return result


def scatterers(
    body: Body, place: Place, *, radar_height_m: float, roughness: float = 0.1, shadow_db: float = 0.0
) -> tuple[Float[np.ndarray, "3 points time"], Float[np.ndarray, "points time"]]:
    """Point scatterers of a moving person as a radar at (0, 0, radar_height_m) sees them.

    Args:
        body: the person.
        place: where each segment is, from `skeleton` or from a motion capture.
        radar_height_m: height of the radar above the floor.
        roughness: share of the echo from the side that comes back at any angle: a body is no mirror, 0..1.
        shadow_db: loss of what is right behind the trunk, dB; 0 lets the radar see through it.

    Returns:
        positions in metres from the point on the floor below the radar, and cross-sections in square metres, in the
        order of `body.segment`; both float32, which is exact to about a micrometre.
    """
    near, far, wide = (
        np.stack([place[name][part] for name in NAMES], axis=1, dtype=np.float32) for part in range(3)
    )  # [3, 17, time]
    axis = far - near
    length = np.sqrt((axis**2).sum(axis=0))
    unit = axis / length
    deep = np.stack([wide[i - 2] * unit[i - 1] - wide[i - 1] * unit[i - 2] for i in range(3)])
    sight = (near + far) / 2
    sight[2] -= np.float32(radar_height_m)
    sight_m = np.sqrt((sight**2).sum(axis=0))
    sight /= sight_m
    across = (wide * sight).sum(axis=0)
    lengthwise = (unit * sight).sum(axis=0)
    cosines = np.stack([np.sqrt(np.clip(1 - across**2 - lengthwise**2, 0, 1)), across, lengthwise])
    semi_axes = body.semi_axes_m.T.astype(np.float32)[:, :, None]
    diffuse = np.float32(roughness * np.pi) * semi_axes[2] ** 2
    rcs = np.float32(1 - roughness) * ellipsoid_rcs(semi_axes, cosines) + diffuse
    if shadow_db:
        rcs *= shadow(body, place, sight, sight_m, radar_height_m, shadow_db)
    of = body.segment
    position = place_points(near, (axis, wide, deep), of, np.stack([body.along, *body.across_m]))
    return position, body.reflectivity[:, None] * rcs[of]


def shadow(
    body: Body,
    place: Place,
    sight: Float[np.ndarray, "3 17 time"],
    sight_m: Float[np.ndarray, "17 time"],
    radar_height_m: float,
    shadow_db: float,
) -> Float[np.ndarray, "17 time"]:
    """What the trunk leaves of the power of each segment: geometry alone, with soft edges in place of diffraction.

    Args:
        body: whose trunk's girth casts the shadow.
        place: where each segment is.
        sight: unit vectors from the radar to the middles of the segments.
        sight_m: their distances, metres.
        radar_height_m: height of the radar above the floor.
        shadow_db: loss right behind the trunk, dB.

    Returns:
        power factor, 10^(-shadow_db / 10) in the middle of the shadow .. 1 outside, before and in the trunk.
    """
    hips, neck = place["lower trunk"][0].astype(np.float32), place["upper trunk"][1].astype(np.float32)
    trunk = (hips + neck) / 2
    trunk[2] -= np.float32(radar_height_m)
    upward = neck - hips
    half = np.sqrt((upward**2).sum(axis=0)) / 2
    upward /= 2 * half
    reach = (trunk[:, None] * sight).sum(axis=0)
    miss = trunk[:, None] - reach * sight
    lengthwise = (miss * upward[:, None]).sum(axis=0)
    sideways = (miss**2).sum(axis=0) - lengthwise**2
    middle = NAMES.index("middle trunk")
    depth, width = (np.float32(value) for value in body.semi_axes_m[middle, :2])
    covered = np.exp(-((sideways / (depth * width)) ** 2) - ((lengthwise / half) ** 2) ** 2)
    behind = np.clip((sight_m - reach) / depth - np.float32(0.5), 0, 1)
    return np.asarray(np.exp(np.float32(-np.log(10) / 10 * shadow_db) * covered * behind))
