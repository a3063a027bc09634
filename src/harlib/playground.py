"""What the book's playground works with: test samples, float weights, a grid of simulated recordings; still pictures.

Arrays are base64 of their bytes: codes as uint8 in C order (Doppler by time), weights as little-endian float32.
"""

import base64
import dataclasses
import io
import itertools
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from harlib import data, files, fingerprint, parameters, seeds
from harlib.errors import HarlibError
from harlib.integer import model as model_file
from harlib.integer.inputs import input_codes
from harlib.integer.model import IntegerModel
from harlib.parameters import Parameters
from harlib.plots import playground as draw
from harlib.plots import style
from harlib.radar.signal import knot_times, wavelength_m
from harlib.radar.simulate import CLASSES, draw_subject, draw_trial, picture
from harlib.radar.spectrogram import recording_samples
from harlib.runs import Run

FOLD = 0
PER_CLASS = 3
STAGES = ("fp32", "qat")
TEMPO = (0.7, 1.0, 1.4)
SPEED = (0.7, 1.0, 1.4)
SNR_DB = (30.0, 15.0, 0.0)
PLACE = {"distance_m": (2.5, 2.5), "gain_db": (0.0, 0.0), "aspect_sd_deg": 0.0, "partial_share": 0.0}
"""One place and one receiver in the whole grid, so that only its three axes change."""
MOVING = {"other_moving_share": 1.0, "empty_share": 0.0}


def write(run: Path, target: Path) -> None:
    """Write model.json, samples.json, weights.json, grid.json (null for recordings), and a JPEG a widget.

    Args:
        run: a finished run.
        target: the folder to write to.

    Raises:
        HarlibError: the run lacks a file.
    """
    p = parameters.check(Run(run).parameters(), str(run / "params.yml"))
    path = run / f"models/fold{FOLD}.json"
    network = model_file.load(path)
    files.write(target / "model.json", path.read_bytes())
    dataset = data.load(run / "data.npz")
    parts = {
        "samples": samples(p, network, dataset),
        "weights": weights(p, run),
        # A network of recordings has learned nothing about simulated people.
        "grid": None if p.data_file else _cached_grid(p, network, run / "playground"),
    }
    for name, content in parts.items():
        files.write(target / f"{name}.json", json.dumps(content, separators=(",", ":")))
    with style.look():
        for name, figure in pictures(network, parts).items():
            held = io.BytesIO()
            figure.savefig(held, format="jpeg", dpi=80, pil_kwargs={"quality": 80})
            files.write(target / f"{name}.jpg", held.getvalue())


def pictures(network: IntegerModel, parts: dict[str, Any]) -> dict[str, Figure]:
    """A still picture a widget, of the content of `write`'s files."""
    shown, grid = parts["samples"]["samples"], parts["grid"]
    layer = parts["weights"]["stages"]["fp32"][0]
    values = np.frombuffer(base64.b64decode(layer["values"]), "<f4")
    found = {
        "classify": draw.classify(network, _decoded(shown[0]["codes"])) if shown else style.withheld(),
        "threshold": draw.threshold(values.copy(), layer["name"], parts["weights"]["threshold"]),
        "scales": draw.scales(network.convolutions[0].real_multiplier[0]),
    }
    if grid:
        sizes = [len(grid[name]) for name in ("activities", "tempo", "speed", "snr_db")]
        codes = np.frombuffer(zlib.decompress(base64.b64decode(grid["codes"])), np.uint8).reshape(*sizes, 64, 64)
        found["grid"] = draw.grid(network, codes[0, :, :, 0], grid["tempo"], grid["speed"], grid["activities"][0])
    else:
        found["grid"] = style.withheld()
    return found


def samples(p: Parameters, network: IntegerModel, dataset: data.Dataset) -> dict[str, Any]:
    """The first test samples of each class in the first fold, as codes; none of recordings that may not be shown.

    Returns:
        classes; samples, each with label (class index), sample, subject and codes; axes: seconds and the unambiguous
        velocity in m/s, or None for recordings.
    """
    shown = not p.data_file or p.publish_samples
    test = data.folds(dataset, p.folds, p.seed, p.evaluate_on)[FOLD].test
    chosen = [int(i) for label in range(len(dataset.classes)) for i in test[dataset.y[test] == label][:PER_CLASS]]
    return {
        "classes": list(dataset.classes),
        "withheld": not shown,
        "axes": None if p.data_file else axes(p),
        "samples": [
            {
                "label": int(dataset.y[index]),
                "sample": index,
                "subject": int(dataset.group[index]),
                "codes": _encoded(input_codes(dataset.x[index], network.input.low, network.input.high)),
            }
            for index in chosen
            if shown
        ],
    }


def axes(p: Parameters) -> dict[str, float]:
    """What the rows and columns of a simulated spectrogram span."""
    length = recording_samples(p.frames_per_column, p.hop_samples)
    limit = wavelength_m(p.carrier_ghz) * p.pulse_rate_hz / 4
    return {"seconds": length / p.pulse_rate_hz, "limit_m_s": limit}


def weights(p: Parameters, run: Path) -> dict[str, Any]:
    """Float weights of the first fold's layers, trained as floats and trained to be ternary.

    Returns:
        threshold; stages: stage to its layers in order, each with name, shape and values.
    """
    stages = {}
    for stage in STAGES:
        path = Run(run).checkpoint(stage, FOLD)
        if not path.is_file():
            raise HarlibError(f"{path} is missing: run the study again with `harlib run`")
        held = {name: value for name, value in load_file(path).items() if value.ndim > 1 and value.dtype == np.float32}
        stages[stage] = [
            {"name": _layer(name), "shape": list(value.shape), "values": _encoded(value.astype("<f4"))}
            for name, value in sorted(held.items(), key=lambda item: _depth(item[0]))
        ]
    return {"threshold": p.threshold, "stages": stages}


def _layer(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "blocks" else parts[0]


def _depth(name: str) -> tuple[int, str]:
    layer = _layer(name)
    return ["convolution", "depthwise1", "pointwise1", "depthwise2", "pointwise2", "linear"].index(layer), layer


def grid(p: Parameters, network: IntegerModel) -> dict[str, Any]:
    """One unseen person in every activity, over tempo, speed and noise.

    Tempo is how often the movement repeats, relative to people's mean. Speed plays the whole movement faster or slower,
    as a film. Noise is told by the signal-to-noise ratio in dB.

    Returns:
        activities, tempo, speed, snr_db; trained_snr_db, the training data's range; codes, compressed by
        zlib, in the order [activity][tempo][speed][snr_db].
    """
    places = itertools.product(CLASSES, TEMPO, SPEED, SNR_DB)
    low, high = network.input.low, network.input.high
    codes = np.stack([input_codes(recording(p, *place), low, high) for place in places])
    return {
        "activities": CLASSES,
        "tempo": TEMPO,
        "speed": SPEED,
        "snr_db": SNR_DB,
        "trained_snr_db": p.snr_db,
        "axes": axes(p),
        "codes": base64.b64encode(zlib.compress(codes.tobytes(), 9)).decode(),
    }


def recording(p: Parameters, activity: str, tempo: float, speed: float, snr_db: float) -> Float[np.ndarray, "64 64"]:
    """The raw spectrogram of one place of the grid (uint16 range, rounded), Doppler by time."""
    seed = seeds.derive(p.seed, "playground")
    held = p.model_copy(update={**PLACE, **MOVING, "snr_db": (snr_db, snr_db)})
    person = dataclasses.replace(draw_subject(held, seed, 0), tempo=tempo, size=1.0)
    # Drawn over `speed` times the recording's time, then shown in the recording's.
    film = held.model_copy(update={"pulse_rate_hz": p.pulse_rate_hz / speed})
    drawn = draw_trial(film, seed, person, activity, (0, 0))
    length = recording_samples(p.frames_per_column, p.hop_samples)
    trial = dataclasses.replace(drawn, time=knot_times(length, p.pulse_rate_hz))
    rounded: Float[np.ndarray, "64 64"] = np.clip(np.rint(picture(held, trial, np.random.default_rng(seed))), 0, 65535)
    return rounded


def _cached_grid(p: Parameters, network: IntegerModel, folder: Path) -> dict[str, Any]:
    values = {"parameters": p.model_dump(mode="json"), "range": [network.input.low, network.input.high]}
    path = folder / f"grid-{fingerprint.digest(values, fingerprint.closure([__name__]))[:16]}.json"
    if not path.is_file():
        for old in folder.glob("grid-*.json"):
            old.unlink()
        files.write(path, json.dumps(grid(p, network)))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _decoded(codes: str) -> UInt8[np.ndarray, "64 64"]:
    return np.frombuffer(base64.b64decode(codes), np.uint8).reshape(64, 64)


def _encoded(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
