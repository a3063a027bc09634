"""The parameters of a run: names, units, ranges and defaults. No other module knows a range.

A run's YAML file is a flat list of these names; a notebook declares those that it uses in its cell tagged `parameters`.
"""

import difflib
import reprlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harlib.errors import HarlibError

SHOWN = 3  # complaints in one message


class Simulation(BaseModel):
    """What is simulated: people, radar and how hard the data is (defaults: the published study)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    subjects: int = Field(30, ge=2, le=1000, description="people in the data set")
    trials: int = Field(46, ge=5, le=500, description="recordings a person, spread evenly over the five classes")
    fresh_subjects: int = Field(200, ge=2, le=1000, description="people in the fresh test set, none in the data set")
    fresh_trials: int = Field(5, ge=5, le=500, description="recordings a person in the fresh test set")

    carrier_ghz: float = Field(24.125, ge=1, le=120, description="the radar's carrier frequency, GHz")
    pulse_rate_hz: float = Field(
        1000.0, ge=500, le=10000, description="samples a second, Hz; half of it is the band's edge"
    )
    frames_per_column: int = Field(5, ge=1, le=50, description="overlapping 64-sample frames averaged to one column")
    noise_looks: int = Field(9, ge=0, le=100, description="range gates with noise only, added to steady the floor")
    window: Literal["hann", "hamming", "blackman", "boxcar"] = Field("hann", description="window of a frame")
    hop_samples: int = Field(32, ge=8, le=64, multiple_of=8, description="samples from frame to frame, a multiple of 8")
    clutter_removal: Literal["frame", "recording", "none"] = Field(
        "frame",
        description="mean taken off before the transform: each frame's (a notch at 0 Hz), all samples', or none",
    )
    radar_height_m: float = Field(1.0, ge=0.1, le=3, description="height of the radar above the floor, m")
    tilt_deg: float = Field(0.0, ge=-60, le=60, description="tilt of the beam below the horizon, degrees")
    beam_deg: tuple[float, float] = Field(
        (80.0, 34.0), description="one-way half-power widths across and up, degrees, 0..170; a 0 sees all around"
    )
    adc_bits: int = Field(
        12, ge=0, le=24, description="bits of the I and Q converters; 0 leaves the samples as they are"
    )
    adc_full_scale_db: float = Field(66.0, ge=0, le=140, description="the converters' full scale over the noise, dB")
    floor_reflection: float = Field(0.1, ge=0, le=1, description="mean amplitude of the floor's bounce; 0 has no floor")
    wall_reflection: float = Field(0.3, ge=0, le=1, description="amplitude of ways by the room's walls; 0 has no walls")
    shadow_db: float = Field(12.0, ge=0, le=60, description="loss of limbs right behind the trunk, dB; 0 has no shadow")
    scatterer_spacing_m: float = Field(
        0.1, ge=0, le=1, description="scatterers along a segment, m apart at most, at least 0.01; 0: one a segment"
    )
    height_m: tuple[float, float] = Field((1.55, 1.92), description="range of the people's heights, m, 1.0..2.3")
    bmi_kg_m2: tuple[float, float] = Field((19.0, 30.0), description="range of mass / height^2, kg/m^2, 12..60")
    female_share: float = Field(
        0.5, ge=0, le=1, description="chance that a person has a woman's shares of height and mass"
    )
    habit_spread: float = Field(0.08, ge=0, le=0.5, description="sd of a person's log tempo and log amplitude")
    roughness: float = Field(0.1, ge=0, le=1, description="share of a segment's broadside echo that comes at any angle")
    snr_db: tuple[float, float] = Field((24.0, 36.0), description="echo of 0.1 m^2 at 3 m over the noise, dB, -40..80")
    gain_db: tuple[float, float] = Field((-5.0, 5.0), description="gain of the receiver, dB, -40..40")
    clutter_db: tuple[float, float] = Field((10.0, 22.0), description="still clutter over that echo, dB, -40..80")
    clutter_drift_rad: float = Field(0.1, ge=0, le=1, description="median rms of the clutter's slow phase drift, rad")
    distance_m: tuple[float, float] = Field((1.6, 4.5), description="where people stand or come nearest, m, 0.5..50")
    aspect_sd_deg: float = Field(
        30.0, ge=0, le=180, description="sd of how far people face away from the radar, degrees"
    )
    partial_share: float = Field(0.35, ge=0, le=1, description="recordings that the activity fills only in part")
    other_moving_share: float = Field(0.45, ge=0, le=1, description="share of `other` with some movement")
    empty_share: float = Field(
        0.1, ge=0, le=1, description="share of `other` with an empty room, half of them with a fan"
    )

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        limits = {"height_m": (1.0, 2.3), "snr_db": (-40, 80), "gain_db": (-40, 40), "clutter_db": (-40, 80)}
        for name, (least, most) in (limits | {"distance_m": (0.5, 50), "bmi_kg_m2": (12, 60)}).items():
            low, high = getattr(self, name)
            if not least <= low <= high <= most:
                raise ValueError(f"{name} = ({low}, {high}): low <= high is needed, both in {least}..{most}")
        if not all(0 <= width <= 170 for width in self.beam_deg):
            raise ValueError(f"beam_deg = {self.beam_deg}: both must be in 0..170")
        if 0 < self.scatterer_spacing_m < 0.01:
            raise ValueError(f"scatterer_spacing_m = {self.scatterer_spacing_m}: must be 0 or in 0.01..1")
        return self


class Training(BaseModel):
    """How networks are trained and compared."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    folds: int = Field(5, ge=2, le=50, description="subject-disjoint cross-validation folds")
    evaluate_on: Literal["test", "validation"] = Field(
        "test", description="test: the held-out fold; validation: subjects inside the training folds, to make choices"
    )
    batch_size: int = Field(16, ge=2, le=1024, description="samples a training step")
    weight_decay: float = Field(1.0e-4, ge=0, le=1, description="AdamW's, on convolution and linear weights only")
    fp32_epochs: int = Field(24, ge=1, le=500, description="passes over the training folds for the fp32 baseline")
    fp32_learning_rate: float = Field(1.0e-2, gt=0, le=1, description="peak of the one-cycle schedule, fp32")
    fp32_gains: Literal["free", "power-of-two"] = Field(
        "free", description="gamma / sigma of the fp32 network's batch norms, free or held to powers of two"
    )
    leakage_folds: int = Field(1, ge=0, le=50, description="folds of a random split that fp32 is trained on")
    curve_subjects: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field(
        (3, 6, 12), max_length=20, description="numbers of training subjects of the learning curve"
    )
    curve_repeats: int = Field(1, ge=0, le=50, description="learning curves, each from the training part of one fold")


Weights = Literal[
    "threshold",
    "exact",
    "channel",
    "two-scales",
    "learned-step",
    "absmean",
    "binary",
    "2-bit",
    "4-bit",
    "8-bit",
    "float",
]


class Compression(BaseModel):
    """How the network is made ternary, sparse and integer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    threshold: float = Field(0.7, gt=0, le=3, description="ternary threshold as a multiple of the layer's mean |W|")
    sweep_thresholds: tuple[Annotated[float, Field(gt=0, le=3)], ...] = Field(
        (0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5), min_length=1, max_length=100, description="thresholds of the sweep"
    )
    qat_epochs: int = Field(16, ge=1, le=500, description="quantization-aware training, from the fp32 weights")
    qat_learning_rate: float = Field(5.0e-3, gt=0, le=1, description="peak of the one-cycle schedule, QAT")
    qat_sweep_thresholds: tuple[Annotated[float, Field(gt=0, le=3)], ...] = Field(
        (0.3, 1.1, 1.5), max_length=20, description="thresholds that a few folds are trained with, too"
    )
    qat_sweep_folds: int = Field(2, ge=0, le=50, description="folds of that sweep")
    qat_sweep_epochs: int = Field(4, ge=1, le=500, description="epochs of that sweep")
    sparsity: float = Field(0.45, ge=0, le=0.95, description="share of zeros over all ternary weights together")
    prune_rule: Literal["threshold", "magnitude", "layer", "channel"] = Field(
        "threshold", description="how zeros are chosen: |W| over the layer's threshold, |W|, each layer alike, channels"
    )
    prune_epochs: int = Field(12, ge=1, le=500, description="epochs of pruning and fine-tuning")
    prune_ramp_epochs: int = Field(4, ge=0, le=500, description="epochs over which the share of zeros is raised")
    prune_learning_rate: float = Field(2.0e-3, gt=0, le=1, description="peak of the one-cycle schedule, pruning")
    weights: Weights = Field("threshold", description="how weights are quantized in training; see harlib.weights")
    eight_bit_ends: bool = Field(False, description="8-bit weights in the first and the last layer")
    activation_bits: int = Field(8, ge=2, le=8, description="bits of an activation's code")
    activation_scale: Literal["learned", "observed"] = Field(
        "learned", description="learned by gradients, or observed anew after each epoch"
    )
    zero_point: Literal["learned", "zero"] = Field("learned", description="an activation's code of real 0")
    qat_start: Literal["fp32", "scratch"] = Field("fp32", description="from the float weights, or from random ones")
    qat_statistics: Literal["running", "frozen"] = Field(
        "running", description="batch-norm statistics in training: of the batch, or held as before training"
    )
    distillation: float = Field(0.0, ge=0, le=1, description="weight of the float network's soft targets in QAT")
    temperature: float = Field(2.0, ge=0.1, le=100, description="temperature of the soft targets")
    compiled: bool = Field(False, description="quantized training through torch.compile; published runs do without")
    multipliers: Literal["dyadic", "power-of-two"] = Field(
        "dyadic", description="of the channels: any a / 2^b, or held to powers of two in training"
    )
    multiplier_bits: int = Field(16, ge=2, le=31, description="bits of the dyadic multiplier a / 2^b")


class Parameters(Simulation, Training, Compression):
    """All parameters of a run. Frozen; unknown names and values out of range are refused.

    >>> Parameters().threshold
    0.7
    """

    seed: int = Field(0, ge=0, lt=2**31, description="the one seed from which every random stream is derived")
    data_file: str = Field(
        "", max_length=200, description="own recordings, a file that `harlib import` wrote; empty: the simulated ones"
    )
    publish_samples: bool = Field(False, description="own recordings may be shown in the book and kept in a reference")
    workers: int = Field(2, ge=1, le=256, description="folds trained at a time, one process and one thread each")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where networks are trained; published runs use cpu")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        place = PurePath(self.data_file)
        # It is written into params.yml and the manifest, which should name no place of a machine or of a person.
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"data_file: {self.data_file!r} must lie inside the project, such as data/own.npz")
        if self.folds > self.subjects:
            raise ValueError(
                f"folds: {self.folds} is above the number of subjects ({self.subjects}): each fold needs a subject"
            )
        if self.multipliers == "power-of-two" and self.weights in ("channel", "two-scales", "float"):
            raise ValueError(
                f"multipliers: 'power-of-two' needs weights with one scale a layer; weights = {self.weights!r} has "
                "another kind"
            )
        if self.prune_ramp_epochs > self.prune_epochs:
            raise ValueError(f"prune_ramp_epochs: {self.prune_ramp_epochs} is above prune_epochs ({self.prune_epochs})")
        return self


def check(values: Mapping[str, Any], source: str = "parameters") -> Parameters:
    """Make validated parameters of plain values; names that are left out take the published defaults.

    Args:
        values: parameter names and values, as YAML or papermill gives them (a list is taken for a tuple).
        source: what the message names as the place of a mistake, such as a file name.

    Raises:
        HarlibError: an unknown name or a value out of range, the first of them in one message.
    """
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return Parameters.model_validate(plain)
    except ValidationError as error:
        found = [_complaint(item) for item in error.errors()]
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        unknown = any(item["type"] == "extra_forbidden" for item in error.errors()[:SHOWN])
        known = f"; known are {', '.join(sorted(Parameters.model_fields))}" if unknown else ""
        raise HarlibError(f"{source}: {'; '.join(found[:SHOWN])}{more}{known}") from None


def _complaint(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Parameters.model_fields, n=1) if len(name) < 100 else []
        guess = f" (did you mean {near[0]!r}?)" if near else ""
        return f"unknown parameter {reprlib.repr(name)}{guess}"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    field = Parameters.model_fields[str(item["loc"][0])]
    value = reprlib.repr(item["input"])
    return f"{name} = {value}: {item['msg'].lower()} ({field.description}; default {field.default!r})"
