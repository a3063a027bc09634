"""A capture before the radar: the same scatterers, radar and spectrogram as for a simulated movement."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from harlib.errors import HarlibError
from harlib.parameters import Simulation
from harlib.radar.body import draw_body
from harlib.radar.mocap import asf, bvh
from harlib.radar.mocap.capture import Capture
from harlib.radar.mocap.retarget import Scene, retarget
from harlib.radar.simulate import Trial, draw_subject, draw_trial, picture, random_stream
from harlib.radar.spectrogram import COLUMNS

NOISE, _BODY = 10, 11


@dataclass(frozen=True)
class Recording:
    """One spectrogram.

    Attributes:
        x: raw log magnitudes, Doppler by time.
        columns: first and one past the last column that the movement fills; around it the person stands still.
        trial: who moved, and the draws.
    """

    x: Float[np.ndarray, "64 64"]
    columns: tuple[int, int]
    trial: Trial


def read(path: Path, skeleton: Path | None = None, rate_hz: float | None = None) -> Capture:
    """A capture from a .bvh file, or from an .amc file and its skeleton.

    Args:
        path: the movement.
        skeleton: .asf file; needed with .amc.
        rate_hz: frames a second of an .amc, which does not say; None takes 120.

    Raises:
        HarlibError: another suffix, a missing skeleton or a broken file.
    """
    suffix = path.suffix.lower()
    if suffix == ".bvh":
        if skeleton is not None:
            raise HarlibError(f"{path}: a .bvh file has its own skeleton; leave --skeleton out")
        return bvh.read(path)
    if suffix != ".amc":
        raise HarlibError(f"{path}: expected a .bvh or an .amc file (C3D markers are not read)")
    if skeleton is None:
        raise HarlibError(f"{path}: an .amc file needs --skeleton with its .asf file")
    return asf.read(skeleton, path, rate_hz or asf.RATE_HZ)


def simulate_capture(
    parameters: Simulation, capture: Capture, scene: Scene, seed: int = 0, start_s: float | None = None
) -> Recording:
    """What the radar sees of a captured movement.

    Args:
        parameters: of the radar; signal-to-noise ratio, gain and clutter are drawn from their ranges.
        capture: the movement.
        scene: where the person is put.
        seed: of the draws.
        start_s: second of the capture at which the recording begins; None centres the capture in it.
    """
    # The draws of a simulated trial are kept, its movement is replaced.
    drawn = draw_trial(parameters, seed, draw_subject(parameters, seed, 0), "waving", (0, 0))
    placed = retarget(capture, scene, drawn.time, start_s)
    mass = float(np.mean(parameters.bmi_kg_m2)) * placed.height_m**2
    body = draw_body(
        random_stream(_BODY, seed), placed.height_m, mass, female=False, spacing_m=parameters.scatterer_spacing_m
    )
    nuisance = drawn.nuisance | {"distance_m": scene.distance_m, "aspect_deg": scene.aspect_deg}
    trial = replace(
        drawn,
        activity="capture",
        subject=replace(drawn.subject, body=body),
        place=placed.place,
        nuisance=nuisance,
    )
    column_s = parameters.frames_per_column * parameters.hop_samples / parameters.pulse_rate_hz
    first, last = (round(second / column_s) for second in placed.span_s)
    return Recording(picture(parameters, trial, random_stream(NOISE, seed)), (max(first, 0), min(last, COLUMNS)), trial)
