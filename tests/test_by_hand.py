"""Each notebook on its own by plain papermill, from what is committed of the published run."""

import shutil
import subprocess
import sys

import pytest

from harlib.project import project_root

ROOT = project_root()
SCRATCH = ROOT / "runs" / "scratch-by-hand"

pytestmark = pytest.mark.slow

SHORT = {
    "01-radar-spectrograms": ["-p", "fresh_subjects", "4"],
    "02-fp32-baseline": ["-p", "fp32_epochs", "1"],
    "03-ternarization-analysis": ["-y", "sweep_thresholds: [0.5, 0.7]"],
    "04-quantization-aware-training": ["-p", "qat_epochs", "1"],
    "05-pruning": ["-p", "prune_epochs", "1", "-p", "prune_ramp_epochs", "0"],
    "06-batch-norm-folding": ["-p", "multiplier_bits", "12"],
    "07-integer-inference": [],
    "08-results": [],
}


@pytest.mark.parametrize("name", SHORT)
def test_a_notebook_runs_alone_from_the_committed_reference(name, tmp_path):
    shutil.rmtree(SCRATCH, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "papermill",
        f"notebooks/{name}.ipynb",
        str(tmp_path / "out.ipynb"),
        "-k",
        "python3",
    ]
    command += ["--no-progress-bar", "-p", "to_run", f"runs/{SCRATCH.name}", *SHORT[name]]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200)
    assert ended.returncode == 0, ended.stderr[-2000:]
    changed = subprocess.run(
        ["git", "status", "--porcelain", "reference"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""
    shutil.rmtree(SCRATCH, ignore_errors=True)
