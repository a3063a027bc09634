"""`harlib simulate`: one spectrogram, of a simulated trial or of a captured movement; needs no torch."""

import io
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt16

from harlib import files
from harlib.errors import HarlibError
from harlib.parameters import check
from harlib.radar.mocap.record import NOISE, read, simulate_capture
from harlib.radar.mocap.retarget import Scene
from harlib.radar.movement import spectrogram_features
from harlib.radar.signal import wavelength_m
from harlib.radar.simulate import CLASSES, draw_subject, draw_trial, picture, random_stream

SUFFIXES = (".npy", ".npz", ".png")
LIMITS = {
    "distance_m": (0.5, 50),
    "aspect_deg": (-180, 180),
    "height_m": (0.5, 3),
    "rate_hz": (1, 1000),
    "start_s": (-3600, 3600),
}


def simulate_file(
    out: Path,
    *,
    mocap: Path | None = None,
    skeleton: Path | None = None,
    rate_hz: float | None = None,
    start_s: float | None = None,
    scene: Scene | None = None,
    activity: str = "jogging",
    subject: int = 0,
    seed: int = 0,
) -> str:
    """Simulate one spectrogram with the published radar, write it and print one line about it.

    Args:
        out: .npy (uint16 [64, 64]), .npz (x, row_m_s, column_s, source) or .png (a figure).
        mocap: a .bvh or .amc file that moves the body; None simulates `activity`.
        skeleton: the .asf file of an .amc file.
        rate_hz: frames a second of an .amc file.
        start_s: second of the capture at which the recording begins; None centres it.
        scene: where the captured person is put.
        activity: a name of CLASSES.
        subject: number of the simulated person.
        seed: of all draws.

    Returns:
        the line.

    Raises:
        HarlibError: a value out of range, another suffix, or a broken capture.
    """
    scene = scene or Scene()
    if out.suffix.lower() not in SUFFIXES:
        raise HarlibError(f"{out}: expected a name that ends in {', '.join(SUFFIXES)}")
    given = {**{name: getattr(scene, name, None) for name in LIMITS}, "rate_hz": rate_hz, "start_s": start_s}
    for name, value in given.items():
        low, high = LIMITS[name]
        if value is not None and not low <= value <= high:
            raise HarlibError(f"{name} = {value}: {low} to {high} is allowed")
    for name, number in (("subject", subject), ("seed", seed)):
        if not 0 <= number < 2**31:
            raise HarlibError(f"{name} = {number}: a whole number from 0 to 2147483647 is allowed")
    parameters = check({})
    row_m_s = wavelength_m(parameters.carrier_ghz) / 2 * parameters.pulse_rate_hz / 64
    column_s = parameters.frames_per_column * parameters.hop_samples / parameters.pulse_rate_hz
    if mocap is None:
        if activity not in CLASSES:
            raise HarlibError(f"activity {activity!r}: one of {', '.join(CLASSES)} is allowed")
        trial = draw_trial(parameters, seed, draw_subject(parameters, seed, subject), activity, (subject, 0))
        raw, columns = picture(parameters, trial, random_stream(NOISE, seed)), (0, 64)
        source = f"{activity}, subject {subject}, seed {seed}"
    else:
        capture = read(mocap, skeleton, rate_hz)
        recording = simulate_capture(parameters, capture, scene, seed, start_s)
        raw, columns, source = recording.x, recording.columns, mocap.name
    x = np.clip(np.rint(raw), 0, 65535).astype(np.uint16)
    _write(out, x, row_m_s, column_s, source)
    features = spectrogram_features(x[:, columns[0] : columns[1]], row_m_s, column_s)
    line = (
        f"{out}: {source}; the movement fills {(columns[1] - columns[0]) * column_s:.1f} of {64 * column_s:.1f} s, "
        f"bandwidth {features['bandwidth_m_s']:.2f} m/s, torso {features['torso_m_s']:.2f} m/s"
    )
    print(line)
    return line


def _write(out: Path, x: UInt16[np.ndarray, "64 64"], row_m_s: float, column_s: float, source: str) -> None:
    if out.suffix.lower() == ".png":
        files.write(out, _figure(x.astype(np.float64), row_m_s, column_s, source))
        return
    held = io.BytesIO()
    if out.suffix.lower() == ".npy":
        np.save(held, x, allow_pickle=False)
    else:
        np.savez_compressed(held, allow_pickle=False, x=x, row_m_s=row_m_s, column_s=column_s, source=source)
    files.write(out, held.getvalue())


def _figure(x: Float[np.ndarray, "64 64"], row_m_s: float, column_s: float, source: str) -> bytes:
    # Drawing is imported here: arrays alone do not need it.
    from harlib.plots import radar, style

    span = (float(np.quantile(x, 0.01)), float(np.quantile(x, 0.999)))
    held = io.BytesIO()
    with style.look():
        figure = radar.pictures({source: x}, 64 * column_s, 32 * row_m_s, "raw log magnitude, 20 units a dB", span)
        figure.savefig(held, format="png", dpi=150)
    return held.getvalue()
