"""Which joint of a capture is which part of a person: the names that CMU's skeletons and common BVH exporters use."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from harlib.errors import HarlibError
from harlib.radar.mocap.capture import Capture

# The first name that a capture has counts. In some files LeftShoulder is the collar bone's joint, but then LeftArm is
# there too. Acclaim's joints are the far ends of bones: lfemur ends in the knee.
SIDED = {
    "shoulder": ("{side}arm", "{side}uparm", "{s}shldr", "{s}upperarm", "{side}shoulder", "{s}clavicle"),
    "elbow": ("{side}forearm", "{side}elbow", "{side}lowarm", "{s}forearm", "{s}humerus"),
    "wrist": ("{side}wrist", "{side}hand", "{s}wrist", "{s}radius", "{s}hand"),
    "hip": ("{side}upleg", "{side}hip", "{side}thigh", "{s}thigh", "{s}hip", "{s}hipjoint"),
    "knee": ("{side}leg", "{side}knee", "{side}lowleg", "{side}shin", "{s}shin", "{s}femur"),
    "ankle": ("{side}foot", "{side}ankle", "{s}tibia", "{s}foot"),
}
FINGERS = ("{side}handend", "{side}fingerbase", "{s}fingers", "{side}handindex1", "{side}handend", "{side}hand end")
TOES = ("{side}toebase", "{side}toe", "{s}toes", "{s}toe", "{side}foot end", "{s}foot end")
NECK = ("neck", "lowerneck", "neck1", "thorax")
HEAD = ("upperneck", "head")
TOP = ("headend", "headtop", "head end")


def find(capture: Capture) -> dict[str, Float[np.ndarray, "3 frames"]]:
    """The capture's landmarks, in its units: neck, head, and for each side shoulder .. ankle; if there are any, top,
    left and right fingers and toes.

    Raises:
        HarlibError: a landmark that nothing can replace is missing.
    """
    index = {_plain(name): at for at, name in reversed(list(enumerate(capture.joints)))}
    acclaim = "lfemur" in index and "thorax" in index

    def first(names: Sequence[str]) -> Float[np.ndarray, "3 frames"] | None:
        for name in names:
            if (at := index.get(_plain(name))) is not None:
                return np.asarray(capture.position[at])
        return None

    # An Acclaim lowerneck ends above the neck's root, and its foot is not the ankle.
    found = {
        "neck": first(("thorax",) if acclaim else NECK),
        "head": first(HEAD),
    }
    top = first(("head",) if acclaim else TOP)
    if top is not None:
        found["top"] = top
    for side in ("left", "right"):
        for part, names in SIDED.items():
            found[f"{side} {part}"] = first([name.format(side=side, s=side[0]) for name in names])
        for part, names in (("fingers", FINGERS), ("toes", TOES)):
            end = first([name.format(side=side, s=side[0]) for name in names])
            if end is not None:
                found[f"{side} {part}"] = end
    missing = [name for name, position in found.items() if position is None]
    if missing:
        raise HarlibError(
            f"the capture has no joint for {', '.join(missing)}; its joints are {', '.join(capture.joints)[:300]}: "
            "rename them as CMU or a common BVH exporter does (LeftArm, LeftForeArm, LeftHand, LeftUpLeg, ..)"
        )
    return {name: position for name, position in found.items() if position is not None}


def spine(capture: Capture) -> Float[np.ndarray, "nodes 3 frames"]:
    """The joints from the root up to the neck."""
    index = {_plain(name): at for at, name in reversed(list(enumerate(capture.joints)))}
    names = ("thorax",) if "thorax" in index and "lfemur" in index else NECK
    at = next(index[name] for name in names if name in index)
    chain = [at]
    while capture.parents[chain[-1]] >= 0:
        chain.append(capture.parents[chain[-1]])
    return np.asarray(capture.position[chain[::-1]])


def _plain(name: str) -> str:
    # "mixamorig:LeftArm", "Left_Arm" and "LeftArm" are one joint.
    return "".join(letter for letter in name.split(":")[-1].lower() if letter.isalnum())
