"""`harlib predict`: any format to classes and logits, the same as the integer engine's, without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest

from harlib import cli, prediction
from harlib.errors import HarlibError
from harlib.importing import iq
from harlib.integer import model as model_file
from harlib.integer import oracle
from harlib.integer.inputs import input_codes
from harlib.project import project_root
from harlib.radar.spectrogram import spectrogram

PATH = project_root() / "reference" / "published" / "models" / "fold0.json"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model():
    return model_file.load(PATH)


@pytest.fixture
def x(tmp_path):
    values = RNG.integers(2400, 3400, (3, 64, 64)).astype(np.uint16)
    np.save(tmp_path / "x.npy", values)
    return values


def test_logits_are_those_of_the_engine(tmp_path, model, x):
    found = prediction.predict(model, [tmp_path / "x.npy"])
    expected = oracle.run(model, input_codes(x, model.input.low, model.input.high))
    assert [list(one.logits.values()) for one in found] == expected.tolist()
    assert [one.label for one in found] == [model.classes[row.argmax()] for row in expected]
    assert [one.index for one in found] == [0, 1, 2]


def test_a_scale_undoes_the_map_of_the_import(tmp_path, model, x):
    np.save(tmp_path / "decibel.npy", x * 0.05 - 125.0)
    plain = prediction.predict(model, [tmp_path / "x.npy"])
    scaled = prediction.predict(model, [tmp_path / "decibel.npy"], scale=(-125.0, 0.05))
    assert [one.logits for one in scaled] == [one.logits for one in plain]
    with pytest.raises(HarlibError, match="step above 0"):
        prediction.predict(model, [tmp_path / "x.npy"], scale=(0.0, 0.0))


def test_samples_are_transformed_as_the_simulation_does(tmp_path, model):
    form = iq.IqFormat(24.125, 1000.0)
    samples = RNG.normal(size=form.window) + 1j * RNG.normal(size=form.window)
    np.save(tmp_path / "iq.npy", samples)
    (one,) = prediction.predict(model, [tmp_path / "iq.npy"], form=form)
    raw = np.rint(spectrogram(samples))
    np.testing.assert_array_equal(one.codes, input_codes(raw, model.input.low, model.input.high))


def test_the_command_prints_a_table_or_json_and_draws(tmp_path, capsys, model, x):
    arguments = ["predict", "--model", str(PATH), str(tmp_path / "x.npy")]
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["file", "spectrogram", "class", *model.classes]
    assert len(lines) == 4
    assert cli.main([*arguments, "--json", "--draw", str(tmp_path / "drawn")]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["class"] for row in rows] == [line.split()[2] for line in lines[1:]]
    assert set(rows[0]["logits"]) == set(model.classes)
    drawn = sorted((tmp_path / "drawn").iterdir())
    assert [path.name for path in drawn] == ["0000-x.png", "0001-x.png", "0002-x.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_a_scale_may_be_negative_and_small_on_the_command_line(tmp_path, capsys, x):
    arguments = ["predict", "--model", str(PATH), "--json"]
    assert cli.main([*arguments, str(tmp_path / "x.npy")]) == 0
    plain = [row["logits"] for row in json.loads(capsys.readouterr().out)]
    np.save(tmp_path / "small.npy", x * 1e-9 - 1e-05)
    assert cli.main([*arguments, str(tmp_path / "small.npy"), "--scale=-1e-05,1e-09"]) == 0
    assert [row["logits"] for row in json.loads(capsys.readouterr().out)] == plain


def test_a_folder_stands_for_its_files(tmp_path, capsys, x):
    np.save(tmp_path / "y.npy", x[0])
    assert cli.main(["predict", str(tmp_path), "--model", str(PATH), "--json"]) == 0
    assert [row["file"][-5:] for row in json.loads(capsys.readouterr().out)] == ["x.npy"] * 3 + ["y.npy"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros(64), "shape (64,)"),
        (np.full((1, 64, 64), np.nan), "NaN"),
        (np.full((1, 64, 64), -80.0), "values from -80 to -80, all outside the model's range"),
        (np.array(["a"]), "expected numbers"),
        (np.array([{}], dtype=object), "Python objects"),
        (b"\x93NUMPY truncated", "no readable .npy"),
        (None, "is no file"),
    ],
)
def test_what_is_wrong_with_an_input_is_named(tmp_path, capsys, content, message):
    path = tmp_path / "x.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    assert cli.main(["predict", "--model", str(PATH), str(path)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_neither_import_nor_predict_loads_torch(tmp_path, x):
    code = (
        "import sys\n"
        "from harlib import cli\n"
        f"assert cli.main(['predict', '--model', {str(PATH)!r}, {str(tmp_path / 'x.npy')!r}]) == 0\n"
        "import harlib.importing.recordings, harlib.importing.summary\n"
        "print('torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "False"
