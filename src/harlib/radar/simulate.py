"""Recordings of one subject: draws, movement, echo, spectrogram. The same numbers in any process and any order."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Int, UInt16

from harlib.parameters import Simulation
from harlib.radar.activities import ACTIVITIES
from harlib.radar.body import NAMES, Body, Place, draw_body, scatterers, skeleton
from harlib.radar.gait import Setting
from harlib.radar.room import Fan, draw_fan, draw_places, fan_paths
from harlib.radar.signal import Antenna, convert, echo, knot_times, paths, receiver_noise, room_paths, wavelength_m
from harlib.radar.spectrogram import recording_samples, spectrogram
from harlib.radar.tempo import sway

CLASSES = tuple(ACTIVITIES)
REFERENCE_RCS_M2, REFERENCE_RANGE_M = 0.1, 3.0
"""Signal-to-noise ratios are those of this echo, about a trunk's, in one sample."""

# One stream a purpose. A spawn key also keeps [seed, subject] apart from [seed, subject, 0], which NumPy pads alike.
_MOTION, _NUISANCE, _NOISE, _SUBJECT, _ORDER, _ROOM = range(6)


@dataclass(frozen=True)
class Recordings:
    """All recordings of one subject.

    Attributes:
        x: raw log magnitudes, rounded; Doppler (row 0 is -pulse rate / 2, row 32 is 0) by time.
        y: index into CLASSES.
        nuisance: what was drawn apart from the movement, a value a trial; see `Trial.nuisance`.
    """

    x: UInt16[np.ndarray, "trials 64 64"]
    y: Int[np.ndarray, " trials"]
    nuisance: dict[str, Float[np.ndarray, " trials"]]


@dataclass(frozen=True)
class Subject:
    """One person and how they move: pace and amplitude relative to others, about 1."""

    body: Body
    tempo: float
    size: float


@dataclass(frozen=True)
class Trial:
    """One recording before the radar sees it.

    Attributes:
        activity: a name of CLASSES.
        subject: who moves.
        place: where each segment is at `time`, from joint angles or from a motion capture; None in an empty room.
        time: `knot_times` in seconds.
        nuisance: snr_db, gain_db, clutter_db, drift_rad, distance_m, aspect_deg, floor_reflection.
        reflectors: places in the room that reflect, metres; none without `wall_reflection`.
        fan: a fan that turns in the room.
    """

    activity: str
    subject: Subject
    place: Place | None
    time: Float[np.ndarray, " knots"]
    nuisance: dict[str, float]
    reflectors: Float[np.ndarray, "3 places"]
    fan: Fan | None = None


def random_stream(purpose: int, *words: int) -> np.random.Generator:
    """The stream of a purpose that `words` name: a seed, a subject and, for what varies with it, a trial."""
    return np.random.default_rng(np.random.SeedSequence(words, spawn_key=(purpose,)))


def draw_subject(parameters: Simulation, seed: int, subject: int) -> Subject:
    """The body and habits of one person."""
    rng = random_stream(_SUBJECT, seed, subject)
    female = bool(rng.uniform() < parameters.female_share)
    # Women's heights fill the lower three quarters of the range, men's the upper three.
    low, high = parameters.height_m
    quarter = (high - low) / 4
    height = rng.uniform(low, high - quarter) if female else rng.uniform(low + quarter, high)
    mass = rng.uniform(*parameters.bmi_kg_m2) * height**2
    body = draw_body(rng, height, mass, female=female, spacing_m=parameters.scatterer_spacing_m)
    tempo, size = np.exp(parameters.habit_spread * rng.standard_normal(2))
    return Subject(body, float(tempo), float(size))


def assign_classes(parameters: Simulation, seed: int, subject: int, trials: int) -> Int[np.ndarray, " trials"]:
    """Class index of every trial: spread evenly, the remainder rotating with the subject, in shuffled order."""
    classes = len(CLASSES)
    remainder = trials % classes
    extra = (subject * remainder + np.arange(remainder)) % classes
    order = np.concatenate([np.tile(np.arange(classes), trials // classes), extra])
    return random_stream(_ORDER, seed, subject).permutation(order).astype(np.int64)


def draw_trial(parameters: Simulation, seed: int, subject: Subject, activity: str, words: tuple[int, int]) -> Trial:
    """Draw a recording's nuisances, the same way for every class, then its movement.

    Args:
        parameters: ranges of the draws.
        seed: the data set's.
        subject: who moves.
        activity: a name of CLASSES.
        words: numbers of the subject and the trial, which name the random streams.
    """
    rng = random_stream(_NUISANCE, seed, *words)
    nuisance = {
        "snr_db": rng.uniform(*parameters.snr_db),
        "gain_db": rng.uniform(*parameters.gain_db),
        "clutter_db": rng.uniform(*parameters.clutter_db),
        "drift_rad": parameters.clutter_drift_rad * np.exp(0.5 * rng.standard_normal()),
        "distance_m": rng.uniform(*parameters.distance_m),
        "aspect_deg": float(np.clip(parameters.aspect_sd_deg * rng.standard_normal(), -180, 180)),
        "floor_reflection": parameters.floor_reflection * rng.uniform(0.5, 1.5),
    }
    samples = recording_samples(parameters.frames_per_column, parameters.hop_samples)
    duration = samples / parameters.pulse_rate_hz
    time = knot_times(samples, parameters.pulse_rate_hz)
    setting = Setting(
        height_m=subject.body.height_m,
        tempo=subject.tempo,
        size=subject.size,
        distance_m=nuisance["distance_m"],
        aspect_rad=float(np.deg2rad(nuisance["aspect_deg"])),
        span_s=_span(rng, duration, parameters.partial_share),
        duration_s=duration,
        moving_share=parameters.other_moving_share,
    )
    room = random_stream(_ROOM, seed, *words)
    reflectors = draw_places(room) if parameters.wall_reflection else np.empty((3, 0))
    fan, place = None, None
    if activity == "other" and room.uniform() < parameters.empty_share:
        fan = draw_fan(room, nuisance["distance_m"]) if room.uniform() < 0.5 else None
    else:
        motion = ACTIVITIES[activity](random_stream(_MOTION, seed, *words), time, setting)
        place = skeleton(subject.body, motion)
    return Trial(activity, subject, place, time, nuisance, reflectors, fan)


def _span(rng: np.random.Generator, duration_s: float, partial_share: float) -> tuple[float, float]:
    lead, tail = rng.uniform(1.0, 3.0, 2)
    if rng.uniform() >= partial_share:
        return -lead, duration_s + tail
    active = rng.uniform(0.5, 0.85) * duration_s
    start = float(rng.choice([0.0, 0.5, 1.0])) * (duration_s - active)
    return (start if start > 0 else -lead), (start + active if start + active < duration_s else duration_s + tail)


def trajectories(
    parameters: Simulation, trial: Trial
) -> dict[str, tuple[Float[np.ndarray, "points knots"], Float[np.ndarray, "points knots"]]]:
    """Range R(t) in metres and cross-section in square metres of every scatterer, at `trial.time`, without the floor.

    Returns:
        a name of `harlib.radar.body.SEGMENTS` to ranges and cross-sections; nothing for an empty room.
    """
    if trial.place is None:
        return {}
    position, rcs = _seen(parameters, trial.subject.body, trial.place)
    ranges, _ = paths(position, rcs, Antenna(parameters.radar_height_m))
    of = trial.subject.body.segment
    return {name: (ranges[of == index], rcs[of == index]) for index, name in enumerate(NAMES)}


def _seen(
    parameters: Simulation, body: Body, place: Place
) -> tuple[Float[np.ndarray, "3 points knots"], Float[np.ndarray, "points knots"]]:
    return scatterers(
        body,
        place,
        radar_height_m=parameters.radar_height_m,
        roughness=parameters.roughness,
        shadow_db=parameters.shadow_db,
    )


def receive(
    parameters: Simulation,
    trial: Trial,
    rng: np.random.Generator | None = None,
    segments: Collection[str] = NAMES,
) -> Complex[np.ndarray, " time"]:
    """The radar's complex samples of a trial, in units of the receiver noise's rms.

    Args:
        parameters: of the radar.
        trial: who moves, and how.
        rng: source of clutter and receiver noise; None leaves both out, and the converter with them.
        segments: parts of the body that the radar sees; all, unless a figure shows what a part adds.
    """
    wavelength = wavelength_m(parameters.carrier_ghz)
    beam = parameters.beam_deg if min(parameters.beam_deg) > 0 else None
    antenna = Antenna(parameters.radar_height_m, parameters.tilt_deg, beam)
    reference = 10 ** (trial.nuisance["snr_db"] / 20)
    ways = []
    if trial.place is not None:
        of = trial.subject.body.segment
        position, rcs = _seen(parameters, trial.subject.body, trial.place)
        if len(segments) < len(NAMES):
            chosen = np.isin(of, [NAMES.index(name) for name in segments])
            of, position, rcs = of[chosen], position[:, chosen], rcs[chosen]
        ways.append(paths(position, rcs, antenna, trial.nuisance["floor_reflection"]))
        if parameters.wall_reflection:
            # A segment's ways by the room start at its middle: the room blurs what its points would add.
            parts = [np.flatnonzero(of == index) for index in np.unique(of)]
            middle = position[:, [part[part.size // 2] for part in parts]]
            strength = np.stack([rcs[part[0] : part[-1] + 1].sum(axis=0) for part in parts])
            ways.append(room_paths(middle, strength, trial.reflectors, antenna, parameters.wall_reflection))
    if trial.fan is not None:
        ways.append(fan_paths(trial.fan, trial.time, antenna))
    iq = np.zeros(recording_samples(parameters.frames_per_column, parameters.hop_samples), dtype=np.complex64)
    for way in ways:
        iq += echo(*way, wavelength)
    iq *= np.float32(reference * REFERENCE_RANGE_M**2 / np.sqrt(REFERENCE_RCS_M2))
    if rng is not None:
        iq += echo(*_clutter(rng, trial, wavelength), wavelength) * np.float32(reference)
        iq += receiver_noise(rng, iq.size)
        iq = convert(iq, parameters.adc_bits, parameters.adc_full_scale_db)
    return iq


def _clutter(
    rng: np.random.Generator, trial: Trial, wavelength: float
) -> tuple[Float[np.ndarray, "1 knots"], Float[np.ndarray, "1 knots"]]:
    # Walls and furniture as one still reflector, whose phase drifts with the oscillator and the draught.
    phase = rng.uniform(0, 2 * np.pi) + sway(rng, trial.time, trial.nuisance["drift_rad"], (0.3, 4.0))
    strength = np.full(trial.time.size, 10 ** (trial.nuisance["clutter_db"] / 20))
    return (phase * wavelength / (4 * np.pi))[None], strength[None]


def simulate_signal(
    parameters: Simulation, seed: int, subject: int, trial: int, activity: str
) -> Complex[np.ndarray, " time"]:
    """Complex samples of one trial, with clutter and noise: the very samples behind `simulate_subject`'s picture."""
    drawn = draw_trial(parameters, seed, draw_subject(parameters, seed, subject), activity, (subject, trial))
    return receive(parameters, drawn, random_stream(_NOISE, seed, subject, trial))


def picture(parameters: Simulation, trial: Trial, rng: np.random.Generator) -> Float[np.ndarray, "64 64"]:
    """The raw spectrogram of a trial, Doppler by time; `rng` gives clutter and noise. A data set holds it rounded."""
    return spectrogram(
        receive(parameters, trial, rng),
        gain_db=trial.nuisance["gain_db"],
        noise_looks=parameters.noise_looks,
        rng=rng,
        window=parameters.window,
        hop=parameters.hop_samples,
        clutter_removal=parameters.clutter_removal,
    )


def simulate_subject(
    parameters: Simulation, seed: int, subject: int, trials: int, activities: Collection[str] = CLASSES
) -> Recordings:
    """All recordings of one subject.

    Args:
        parameters: people, radar and difficulty.
        seed: of the data set; another seed gives other people.
        subject: number of the person, 0 or more.
        trials: recordings, spread evenly over CLASSES; the remainder rotates with the subject.
        activities: names of CLASSES; recordings of others are left out, which changes none of these.

    Returns:
        spectrograms, classes and nuisances; a trial's depend only on the parameters, its class and the three numbers.
    """
    # Freeing one large block teaches glibc to keep the many small ones that follow, instead of giving each back to the
    # system and faulting it in again: more than twice as fast.
    np.empty(8 << 20, dtype=np.uint8)
    person = draw_subject(parameters, seed, subject)
    every = assign_classes(parameters, seed, subject, trials)
    numbers = np.flatnonzero(np.isin(every, [CLASSES.index(name) for name in activities]))
    x, y = np.empty((len(numbers), 64, 64), dtype=np.uint16), every[numbers]
    drawn = []
    for place, index in enumerate(numbers.tolist()):
        trial = draw_trial(parameters, seed, person, CLASSES[every[index]], (subject, index))
        rng = random_stream(_NOISE, seed, subject, index)
        x[place] = np.clip(np.rint(picture(parameters, trial, rng)), 0, 65535)
        drawn.append(trial.nuisance)
    names = drawn[0] if drawn else {}
    return Recordings(x, y, {name: np.array([nuisance[name] for nuisance in drawn]) for name in names})
