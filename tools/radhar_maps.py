"""Doppler-time maps of the RadHAR point clouds (Singh et al. 2019), for `harlib import OUT --no-groups`.

    python tools/radhar_maps.py DIR OUT

DIR holds a .npz file a recording with the arrays data [points, 10], columns [10] and label. OUT gets a folder a class
with a .npy file a recording: [windows, 16, 64], the intensity in dB by Doppler bin and frame, 64 frames a window.
"""

import sys
from pathlib import Path

import numpy as np

from harlib.errors import HarlibError
from harlib.importing.arrays import read_npz

BINS, FRAMES = 16, 64
FASTEST_M_S = 5.0  # 8 bins of 0.6146 m/s: whatever is faster was never measured


def doppler_time(path: Path) -> tuple[str, np.ndarray, int]:
    """Class, map [16, frames] in dB and the number of points left out as impossible, of one recording."""
    held = read_npz(path)
    column = {str(name): values for name, values in zip(held["columns"], held["data"].T, strict=True)}
    frame = np.cumsum(column["point_id"] == 0) - 1  # a frame numbers its points from 0
    possible = np.isfinite(held["data"]).all(axis=1) & (np.abs(column["velocity"]) <= FASTEST_M_S)
    row = column["doppler_bin"][possible].astype(int)
    if frame[0] != 0 or not ((row >= 0) & (row < BINS)).all():
        raise HarlibError(f"{path}: Doppler bins outside 0..{BINS - 1}, or no first point: no recording of RadHAR")
    power = np.zeros((BINS, frame[-1] + 1))
    np.add.at(power, (row, frame[possible]), 10 ** (column["intensity"][possible] / 10))
    return str(held["label"]), 10 * np.log10(1 + power), int((~possible).sum())


def main() -> int:
    """Run as a program."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for path in sorted(source.glob("*.npz")):
        label, levels, left_out = doppler_time(path)
        if left_out:
            print(f"{path.name}: {left_out} points faster than {FASTEST_M_S} m/s or not finite are left out")
        windows = levels.shape[1] // FRAMES
        cut = levels[:, : windows * FRAMES].reshape(BINS, windows, FRAMES).swapaxes(0, 1)
        (target / label).mkdir(parents=True, exist_ok=True)
        np.save(target / label / f"{path.stem}.npy", cut.astype(np.float32), allow_pickle=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
