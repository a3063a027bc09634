"""Compare captured movements with simulated ones of the same class, both before the same radar.

    python tools/compare_captures.py DIR [--out reference/captures.csv]

DIR holds list.csv with the columns file, subject, class, activity and fps, and the captures that it names, with the
skeletons that .amc files need: <database>_<subject>.asf, else the first other one, whose bones then stand in. Both
sides face the radar at 3 m. The captures stay where they are; the table holds numbers and names only.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from harlib.errors import HarlibError
from harlib.parameters import Simulation
from harlib.project import project_root
from harlib.radar import CLASSES, draw_subject, draw_trial
from harlib.radar.mocap.record import picture, read, simulate_capture
from harlib.radar.mocap.retarget import Scene
from harlib.radar.movement import body_features, spectrogram_features
from harlib.radar.signal import wavelength_m

SCENE = Scene(distance_m=3.0, height_m=1.75)
PARAMETERS = Simulation(distance_m=(3.0, 3.0), aspect_sd_deg=0.0, partial_share=0.0, empty_share=0.0, gain_db=(0, 0))
FEATURES = ("bandwidth_m_s", "torso_m_s", "cadence_hz", "balance", "hand_m_s", "ankle_m_s", "bounce_m", "step_hz")
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
            rows.append({"class": activity} | features | body_features(trial.place, trial.time))
    return pd.DataFrame(rows)


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
        named = {"capture": entry.file, "class": entry[3], "activity": entry.activity, "seconds": span[1] - span[0]}
        rows.append(named | features | body)
    return pd.DataFrame(rows)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="captures and their list.csv")
    parser.add_argument("--out", type=Path, default=project_root() / "reference" / "captures.csv")
    options = parser.parse_args()
    real, model = captured(options.folder), simulated()
    rows = []
    for activity in CLASSES:
        held = model[model["class"] == activity]
        for share in (0.1, 0.5, 0.9):
            values = held[list(FEATURES)].quantile(share).to_dict()
            name = f"simulated, {share:.0%} of {PEOPLE} people"
            rows.append({"capture": name, "class": activity, "activity": "", "seconds": np.nan} | values)
        rows += real[real["class"] == activity].to_dict("records")
    pd.DataFrame(rows).round(2).to_csv(options.out, index=False)
    print(f"{options.out}: {len(real)} captures against {PEOPLE} simulated trials a class")
    return 0


if __name__ == "__main__":
    sys.exit(main())
