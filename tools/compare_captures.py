"""Compare captured movements with simulated ones of the same class, both before the same radar.

    python tools/compare_captures.py DIR [--out book/tables]

DIR holds list.csv with the columns file, subject, class, activity and fps, and the captures that it names, with the
skeletons that .amc files need: <database>_<subject>.asf, else the first other one, whose bones then stand in. Both
sides face the radar at 3 m. Writes captures.csv, a row a capture, and validation.csv, captures and simulation side by
side by kind of movement. The captures stay where they are; the tables hold numbers and names only.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from harlib import words
from harlib.errors import HarlibError
from harlib.parameters import Simulation
from harlib.project import project_root
from harlib.radar import CLASSES, draw_subject, draw_trial
from harlib.radar.body import Place
from harlib.radar.mocap.record import picture, read, simulate_capture
from harlib.radar.mocap.retarget import Scene
from harlib.radar.movement import body_features, spectrogram_features
from harlib.radar.signal import wavelength_m

SCENE = Scene(distance_m=3.0, height_m=1.75)
PARAMETERS = Simulation(distance_m=(3.0, 3.0), aspect_sd_deg=0.0, partial_share=0.0, empty_share=0.0, gain_db=(0, 0))
FEATURES = {
    "bandwidth_m_s": "Doppler bandwidth (m/s)",
    "torso_m_s": "torso line (m/s)",
    "cadence_hz": "cadence of the bandwidth (Hz)",
    "balance": "balance of signs, size",
    "hand_m_s": "faster wrist (m/s)",
    "ankle_m_s": "faster ankle (m/s)",
    "bounce_m": "range of the hips' height (m)",
    "step_hz": "cadence of the hips (Hz)",
}
KINDS = {
    "run/jog": "running",
    "Jog (in place)": "jogging in place",
    "JumpJack": "jumping jacks",
    "jumping jacks": "jumping jacks",
    "walk": "walking",
    "wave hello": "waving",
}
SIMULATED = {"jogging": "running", "waving": "waving"}
PEOPLE = 40


def scales() -> tuple[float, float]:
    """Metres a second a row, and seconds a column."""
    row = wavelength_m(PARAMETERS.carrier_ghz) / 2 * PARAMETERS.pulse_rate_hz / 64
    return row, PARAMETERS.frames_per_column * PARAMETERS.hop_samples / PARAMETERS.pulse_rate_hz


def simulated() -> pd.DataFrame:
    """Features of simulated trials, one a person and class."""
    rows = []
    for person in range(PEOPLE):
        subject = draw_subject(PARAMETERS, 1, person)
        for number, activity in enumerate(CLASSES):
            trial = draw_trial(PARAMETERS, 1, subject, activity, (person, number))
            features = spectrogram_features(picture(PARAMETERS, trial, person), *scales())
            rows.append({"kind": _kind(activity, trial.place)} | features | body_features(trial.place, trial.time))
    return pd.DataFrame(rows)


def _kind(activity: str, place: Place) -> str:
    if activity == "jumping":  # only jumping jacks raise a wrist over its shoulder
        raised = (place["left forearm"][1] - place["left upper arm"][0])[2].max() > 0
        return "jumping jacks" if raised else "other jumps"
    if activity == "other":
        return "walking" if np.ptp(place["lower trunk"][0][0]) > 0.6 else "other"
    return SIMULATED.get(activity, activity)


def _captured_kind(activity: str, named: str) -> str:
    return KINDS.get(named, {"jumping": "other jumps", "other": "other"}.get(activity, activity))


def captured(folder: Path) -> pd.DataFrame:
    """Features of every capture that can be read; says on stderr which cannot, and why."""
    rows = []
    skeletons = sorted(folder.glob("*.asf"))
    for entry in pd.read_csv(folder / "list.csv").itertuples():
        path = folder / entry.file
        skeleton = None
        if path.suffix == ".amc":
            own = folder / ("_".join(path.name.split("_")[:2]) + ".asf")
            others = [other for other in skeletons if other.stem == "cmu_02"] or skeletons
            skeleton = own if own in skeletons else others[0]
        try:
            capture = read(path, skeleton, float(entry.fps))
            recording = simulate_capture(PARAMETERS, capture, SCENE)
        except HarlibError as error:
            print(error, file=sys.stderr)
            continue
        first, last = recording.columns
        span = tuple(column * scales()[1] for column in recording.columns)
        floor = float(np.median(recording.x[:16, :first])) if first else None
        features = spectrogram_features(recording.x[:, first:last], *scales(), floor=floor)
        body = body_features(recording.trial.place, recording.trial.time, span)
        named = {"capture": entry.file, "kind": _captured_kind(entry[3], entry.activity), "activity": entry.activity}
        rows.append(named | {"seconds": span[1] - span[0]} | features | body)
    return pd.DataFrame(rows)


def side_by_side(real: pd.DataFrame, model: pd.DataFrame) -> pd.DataFrame:
    """The kinds of movement that both sides have, a row a kind and feature: counts and ranges."""
    rows = []
    for kind in [name for name in dict.fromkeys(real["kind"]) if name in set(model["kind"])]:
        ours, theirs = model[model["kind"] == kind], real[real["kind"] == kind]
        for feature, title in FEATURES.items():
            here, there = ours[feature].dropna(), theirs[feature].dropna()
            if feature == "balance":
                here, there = here.abs(), there.abs()  # its sign is where the person happens to go
            if here.empty or there.empty:
                continue
            low, middle, high = here.quantile([0.1, 0.5, 0.9])
            rows.append({
                "movement": kind,
                "feature": title,
                "captures": len(there),
                "median captured": f"{there.median():.2f}",
                "least to largest": words.span(there, ".2f"),
                "simulated trials": len(here),
                "simulated median": f"{middle:.2f}",
                "10 % to 90 %": words.span((low, high), ".2f"),
                "captures inside": f"{there.between(low, high).sum()}",
            })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="captures and their list.csv")
    parser.add_argument("--out", type=Path, default=project_root() / "book" / "tables")
    options = parser.parse_args()
    real, model = captured(options.folder), simulated()
    options.out.mkdir(parents=True, exist_ok=True)
    real.round(2).rename(columns=FEATURES).to_csv(options.out / "captures.csv", index=False)
    side_by_side(real, model).to_csv(options.out / "validation.csv", index=False)
    print(f"{options.out}: {len(real)} captures, {len(model)} simulated trials")
    return 0


if __name__ == "__main__":
    sys.exit(main())
