"""Complex radar samples to the pictures that the simulation would make of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Complex, Float, Shaped

from harlib import parameters
from harlib.errors import HarlibError
from harlib.importing.limits import MOST_SPECTROGRAMS, check_bytes
from harlib.radar.spectrogram import COLUMNS, HOP, recording_samples, spectrogram
from harlib.runs import read_yaml

LARGEST = 1e15
"""Size of a sample over the noise beyond which its power might leave the range of float32."""
_RADAR = ("carrier_ghz", "pulse_rate_hz", "frames_per_column")


@dataclass(frozen=True)
class IqFormat:
    """What the samples are.

    carrier_ghz: carrier frequency, GHz; pulse_rate_hz: complex samples a second, Hz; frames_per_column: frames of 64
    samples averaged to a column, which fixes how long a window is; noise_rms: receiver noise in units of the samples;
    step_columns: columns from one window to the next, 64 where they do not overlap; approach_positive: True if the
    phase of an approaching target rises, which the simulation has the other way round.
    """

    carrier_ghz: float
    pulse_rate_hz: float
    frames_per_column: int = 5
    noise_rms: float = 1.0
    step_columns: int = COLUMNS
    approach_positive: bool = False

    def __post_init__(self) -> None:
        parameters.check({name: getattr(self, name) for name in _RADAR}, "I/Q format")
        if not (isinstance(self.noise_rms, int | float) and 0 < self.noise_rms < np.inf):
            raise HarlibError(f"I/Q format: noise_rms = {self.noise_rms!r}: a number above 0 is needed")
        if type(self.step_columns) is not int or not 1 <= self.step_columns <= COLUMNS:
            raise HarlibError(f"I/Q format: step_columns = {self.step_columns!r}: 1..{COLUMNS} is allowed")
        if not isinstance(self.approach_positive, bool):
            raise HarlibError(f"I/Q format: approach_positive = {self.approach_positive!r}: true or false is allowed")

    @property
    def window(self) -> int:
        """Samples of one picture."""
        return recording_samples(self.frames_per_column)


def load(path: Path) -> IqFormat:
    """Read the YAML file that describes I/Q samples.

    Raises:
        HarlibError: unreadable, a name that is missing or unknown, or a value out of range.
    """
    check_bytes(path, 2**16)
    values, known = read_yaml(path), IqFormat.__dataclass_fields__
    if unknown := sorted(set(values) - set(known)):
        raise HarlibError(f"{path}: unknown name {unknown[0]!r}; known are {', '.join(known)}")
    if nested := [name for name, value in values.items() if not isinstance(value, int | float | str)]:
        raise HarlibError(f"{path}: {nested[0]} is no plain number or word")
    if missing := [name for name in _RADAR[:2] if name not in values]:
        raise HarlibError(f"{path}: {missing[0]} is missing: say what the radar sends")
    try:
        return IqFormat(**values)
    except HarlibError as error:
        raise HarlibError(f"{path}: {error}") from None


def samples(path: Path, values: Shaped[np.ndarray, "..."]) -> Complex[np.ndarray, "n time"]:
    """The complex samples of a file's array: complex [time] or [n, time], or real with I and Q as its last two columns.

    Raises:
        HarlibError: another shape.
    """
    if values.dtype.kind != "c":
        if values.ndim not in (2, 3) or values.shape[-1] != 2:
            raise HarlibError(f"{path}: shape {values.shape} of real numbers: expected two columns, I and Q")
        values = values[..., 0] + 1j * values[..., 1]
    if values.ndim == 2 and 1 in values.shape:  # MATLAB knows no vectors
        values = values.ravel()
    if values.ndim > 2:
        raise HarlibError(f"{path}: shape {values.shape} of complex samples: expected [time] or [n, time]")
    return np.atleast_2d(values)


def pictures(path: Path, values: Shaped[np.ndarray, "..."], form: IqFormat) -> Float[np.ndarray, "n 64 64"]:
    """Cut samples into windows and transform each as the simulation does; a rest shorter than a window is left out.

    Raises:
        HarlibError: another shape, samples that are not finite, or fewer than one window.
    """
    found = samples(path, values)
    if not np.isfinite(found).all() or np.abs(found).max() > LARGEST * form.noise_rms:
        raise HarlibError(f"{path} holds NaN, infinite or huge samples: repair or remove it")
    if found.shape[1] < form.window:
        raise HarlibError(
            f"{path}: {found.shape[1]:,} samples are fewer than the {form.window:,} of one window: "
            "record longer, or lower frames_per_column"
        )
    if form.approach_positive:
        found = found.conj()
    step = form.step_columns * form.frames_per_column * HOP
    starts = range(0, found.shape[1] - form.window + 1, step)
    if len(found) * len(starts) > MOST_SPECTROGRAMS:
        raise HarlibError(f"{path}: {len(found) * len(starts):,} windows are above {MOST_SPECTROGRAMS:,}: split it")
    return np.stack([spectrogram(row[at : at + form.window] / form.noise_rms) for row in found for at in starts])
