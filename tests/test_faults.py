"""Killed, out of disk, not allowed to write: the next run ends with the same files, and none is ever half-written."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from helpers import toy_dataset

from harlib import data, files, parameters, study
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import fp32

ROOT = project_root()
SMALL = {"subjects": 4, "folds": 2, "fp32_epochs": 1, "batch_size": 16, "workers": 1}
KILLS = 10
HELD = (
    "metrics/fp32.csv",
    "predictions/fp32.csv",
    "checkpoints/fp32/fold0.safetensors",
    "checkpoints/fp32/fold1.safetensors",
)


def work(folder):
    run = Run(folder)
    if not (folder / "data.npz").is_file():
        data.save(folder / "data.npz", toy_dataset(4, 10))
        data.save(folder / "fresh.npz", toy_dataset(2, 5, first=4, seed=1))
    return study.Study("test", parameters.check(SMALL), run, run)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in HELD}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    work(folder).run(fp32)
    return contents(folder)


def killed_at(folder, call, count):
    """Run the stage in a child that kills itself before its count-th call of os.<call>; say whether it came so far."""
    child = os.fork()
    if child == 0:
        real, left = getattr(os, call), count

        def deadly(*arguments):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        setattr(os, call, deadly)
        try:
            work(folder).run(fp32)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.slow
@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_killed_during_each_write_in_turn(tmp_path, undisturbed, call, record_property):
    """fsync: the content is there, not its name; replace: right before the file gets its final name."""
    count = 1
    while killed_at(folder := tmp_path / str(count), call, count):
        assert count < 50
        assert [path for path in folder.rglob(".*") if path.is_file()], "nothing was under way"
        for name in HELD:
            if (folder / name).is_file():
                assert (folder / name).read_bytes() == undisturbed[name], f"{name} is half-written"
        work(folder).run(fp32)
        assert contents(folder) == undisturbed
        shutil.rmtree(folder)
        count += 1
    record_property("times", count - 1)
    assert count > 8, "a checkpoint and a result a fold, two tables, a marker, two data sets"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB of its own, and a function that mounts it anew with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield folder, lambda options: subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_with_an_error_and_the_next_run_is_whole(small_disk, undisturbed):
    folder, remount = small_disk
    other = folder.parent / "data"
    work(other)
    run = study.Study("test", parameters.check(SMALL), Run(other), Run(folder))
    room = os.statvfs(folder)
    (folder / "filler").write_bytes(bytes(room.f_bavail * room.f_bsize - 3 * 4096))
    with pytest.raises(HarlibError, match=r"cannot be written \(No space left on device\)"):
        run.run(fp32)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["filler"]
    remount("size=64m")
    run.run(fp32)
    assert contents(folder) == undisturbed


def test_a_read_only_folder_stops_with_an_error(small_disk):
    folder, remount = small_disk
    remount("ro")
    with pytest.raises(HarlibError, match=r"cannot be written \(Read-only file system\)"):
        files.write(folder / "new" / "a.txt", "x")
    command = [sys.executable, "-c", RUN, str(folder / "run")]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert ended.returncode == 1
    assert "cannot be written (Read-only file system)" in ended.stderr
    assert "Traceback" not in ended.stderr


RUN = """
import sys
from pathlib import Path
from harlib import driver
from harlib.errors import HarlibError
try:
    with driver.only_one(Path(sys.argv[1])):
        pass
except HarlibError as error:
    sys.exit(str(error))
"""


@pytest.mark.slow
@pytest.mark.study
def test_killed_at_ten_random_times_the_study_ends_as_if_undisturbed(record_property):
    """In turn with all that it started, and alone: then what it started has to end by itself."""
    smoke, run = ROOT / "runs" / "smoke", ROOT / "runs" / "smoke-faults"
    shutil.rmtree(run, ignore_errors=True)
    draw = random.Random(0)
    command = [sys.executable, "-c", "import sys; from harlib.cli import main; sys.exit(main())"]
    command += ["run", "config/smoke.yml", "--run", run.name]
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    kills = 0
    while kills < KILLS:
        process = subprocess.Popen(command, **quiet)
        try:
            assert process.wait(draw.uniform(2, 20)) == 0
            shutil.rmtree(run)  # it was done before the kill: from the start again
            continue
        except subprocess.TimeoutExpired:
            alone = kills % 2 and shutil.which("setpriv")
            (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        time.sleep(2)  # the kernel takes a moment to end what the killed process started
    record_property("times", kills)
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for folder in ("metrics", "predictions", "checkpoints", "models", "vectors"):
        for path in sorted(path for path in (smoke / folder).rglob("*") if path.is_file()):
            name = path.relative_to(smoke)
            assert (run / name).read_bytes() == path.read_bytes(), name
    for name in ("metrics.csv", "predictions.csv", "fresh_predictions.csv"):
        assert (run / name).read_bytes() == (smoke / name).read_bytes(), name
    assert not [path for path in run.rglob("*.part")]
    shutil.rmtree(run)
