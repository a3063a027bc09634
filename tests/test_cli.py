"""The command line: one line and status 1 for a mistake."""

import numpy as np
import pytest

from harlib import cli
from harlib.project import project_root

PUBLISHED = project_root() / "reference" / "published" / "models"


def fails(capsys, *arguments):
    assert cli.main(list(arguments)) == 1
    message = capsys.readouterr().err
    assert message.startswith("harlib: ")
    assert message.count("\n") == 1
    return message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("treshold: 0.5\n", "unknown parameter 'treshold'"),
        ("folds: 40\n", "above the number of subjects"),
        ("threshold: 1e-1\n", "threshold = '1e-1'"),
        ("[]", "expected a list"),
    ],
)
def test_bad_parameters_stop_before_any_work(tmp_path, capsys, text, message):
    config = tmp_path / "bad-parameters-test.yml"
    config.write_text(text)
    assert message in fails(capsys, "run", str(config))
    assert not (project_root() / "runs" / "bad-parameters-test").exists()


def test_missing_config_and_bad_run_names(tmp_path, capsys):
    assert "none.yml cannot be read" in fails(capsys, "run", str(tmp_path / "none.yml"))
    (tmp_path / "ok.yml").write_text("seed: 1\n")
    assert "run name '../x'" in fails(capsys, "run", str(tmp_path / "ok.yml"), "--run", "../x")


@pytest.mark.parametrize("line", ["device: cuda", "compiled: true"])
def test_published_runs_are_plain_and_on_the_cpu(tmp_path, capsys, line):
    (tmp_path / "ok.yml").write_text(f"{line}\n")
    assert "published runs" in fails(capsys, "run", str(tmp_path / "ok.yml"), "--run", "published")


def test_publishing_an_unfinished_run_is_refused(capsys):
    assert "is missing" in fails(capsys, "publish-reference", "--run", "no-such-run")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "x.gif"), "x.gif: expected a name that ends in .npy"),
        (("--out", "x.npy", "--activity", "flying"), "'flying': one of jogging"),
        (("--out", "x.npy", "--distance", "nan"), "distance_m = nan: 0.5 to 50"),
        (("--out", "x.npy", "--aspect", "400"), "aspect_deg = 400.0: -180 to 180"),
        (("--out", "x.npy", "--seed", "-1"), "seed = -1"),
        (("--out", "x.npy", "--mocap", "none.bvh"), "none.bvh cannot be read"),
        (("--out", "x.npy", "--mocap", "none.amc"), "needs --skeleton"),
        (("--out", "x.npy", "--mocap", "none.c3d"), "C3D markers are not read"),
    ],
)
def test_simulate_names_what_is_wrong_and_writes_nothing(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in fails(capsys, "simulate", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_simulate_writes_the_same_picture_in_every_form(tmp_path, capsys):
    for name in ("x.npy", "x.npz", "x.png"):
        assert cli.main(["simulate", "--activity", "situp", "--out", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out.count("\n") == 1
    x = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert x.shape == (64, 64)
    assert x.dtype == np.uint16
    assert (np.load(tmp_path / "x.npz", allow_pickle=False)["x"] == x).all()
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(["predict", "--model", str(PUBLISHED / "fold0.json"), str(tmp_path / "x.npy")]) == 0
