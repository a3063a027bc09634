"""What a room adds: places on walls and furniture that reflect, and a fan that turns in an empty one."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harlib.radar.signal import Antenna, paths

PLACES = 4
"""Reflecting places in a room."""


def draw_places(rng: np.random.Generator) -> Float[np.ndarray, "3 places"]:
    """Places around people who are a few metres before the radar: right, left, behind them and anywhere."""
    places = np.stack([rng.uniform(1.0, 7.0, PLACES), rng.uniform(1.5, 4.0, PLACES), rng.uniform(0.3, 2.3, PLACES)])
    places[1, 1] *= -1
    places[1, 2:] = rng.uniform(-3.0, 3.0, PLACES - 2)
    places[0, 2] = rng.uniform(6.0, 9.0)
    return places


@dataclass(frozen=True)
class Fan:
    """A fan with three blades.

    Attributes:
        middle: of the hub, metres.
        radius_m: to the tips.
        turns_hz: turns a second.
        axis_rad: between its axis and the line to the radar; 0 blows at the radar.
        rcs_m2: cross-section of a blade.
        start: turns at time 0.
    """

    middle: tuple[float, float, float]
    radius_m: float
    turns_hz: float
    axis_rad: float
    rcs_m2: float
    start: float


def draw_fan(rng: np.random.Generator, distance_m: float) -> Fan:
    """A slow fan on the floor or the ceiling, at `distance_m` from the radar along the floor."""
    return Fan(
        middle=(distance_m, rng.uniform(-0.5, 0.5), rng.uniform(0.4, 2.3)),
        radius_m=rng.uniform(0.15, 0.4),
        turns_hz=rng.uniform(1.0, 5.0),
        axis_rad=rng.uniform(-1.2, 1.2),
        rcs_m2=10 ** rng.uniform(-4.0, -2.5),
        start=rng.uniform(),
    )


def fan_paths(
    fan: Fan, time: Float[np.ndarray, " knots"], antenna: Antenna
) -> tuple[Float[np.ndarray, "paths knots"], Float[np.ndarray, "paths knots"]]:
    """Range in metres and amplitude of three points on each blade; see `harlib.radar.signal.paths`."""
    blades = np.repeat(np.arange(3) / 3, 3)[:, None]
    reach = np.tile([0.4, 0.7, 1.0], 3)[:, None] * fan.radius_m
    angle = 2 * np.pi * (fan.turns_hz * time + fan.start + blades)
    sideways = reach * np.cos(angle)
    x, y, z = fan.middle
    position = np.stack(
        [x + np.sin(fan.axis_rad) * sideways, y + np.cos(fan.axis_rad) * sideways, z + reach * np.sin(angle)]
    )
    return paths(position, np.full(position.shape[1:], fan.rcs_m2 / 3), antenna)
