"""Unknown names and values out of range are refused in one line; defaults are the published study."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from harlib import parameters
from harlib.errors import HarlibError
from harlib.runs import read_yaml

CONFIG = Path(__file__).parents[1] / "config"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"treshold": 0.5}, r"unknown parameter 'treshold' \(did you mean 'threshold'\?\); known are .*threshold"),
        ({"xyz": 1}, "unknown parameter 'xyz'; known are .*threshold"),
        ({"threshold": 0}, "threshold = 0: .*greater than 0"),
        ({"threshold": float("nan")}, "finite"),
        ({"threshold": "0.7"}, "threshold = '0.7'"),
        ({"fp32_learning_rate": "1e-3"}, "fp32_learning_rate = '1e-3'"),
        ({"sparsity": 0.96}, "sparsity = 0.96"),
        ({"seed": True}, "seed = True"),
        ({"seed": -1}, "seed = -1"),
        ({"multiplier_bits": 32}, "multiplier_bits = 32"),
        ({"folds": 31}, "31 is above the number of subjects"),
        ({"prune_ramp_epochs": 13}, "above prune_epochs"),
        ({"snr_db": [30.0, 20.0]}, "low <= high"),
        ({"sweep_thresholds": []}, "sweep_thresholds"),
        ({"curve_subjects": [3, 0]}, "curve_subjects"),
        ({"leakage_folds": -1}, "leakage_folds = -1"),
        ({"sweep_thresholds": [0.5, -1.0]}, "sweep_thresholds"),
        ({"device": "tpu"}, "device = 'tpu'"),
        ({"evaluate_on": "train"}, "evaluate_on"),
    ],
)
def test_refused_in_one_line(values, message):
    with pytest.raises(HarlibError, match=message) as caught:
        parameters.check(values, "here.yml")
    assert str(caught.value).startswith("here.yml: ")
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_in_one_message():
    with pytest.raises(HarlibError, match=r"threshold.*sparsity"):
        parameters.check({"threshold": 0, "sparsity": 2.0})


def test_frozen():
    with pytest.raises(ValidationError):
        parameters.Parameters().threshold = 1.0


def test_published_yml_states_the_defaults():
    assert parameters.check(read_yaml(CONFIG / "published.yml")) == parameters.Parameters()
    stated = set(read_yaml(CONFIG / "published.yml"))
    assert stated == set(parameters.Parameters.model_fields)


PLANS = {CONFIG / "extended.yml", CONFIG / "power-of-two.yml"}


@pytest.mark.parametrize("path", sorted(set(CONFIG.glob("*.yml")) - PLANS), ids=lambda path: path.name)
def test_every_config_is_valid(path):
    parameters.check(read_yaml(path), path.name)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "just words", "1: 2\n", "\x00"])
def test_files_that_are_no_parameters_are_refused(tmp_path, text):
    (tmp_path / "p.yml").write_text(text)
    with pytest.raises(HarlibError, match=r"p\.yml"):
        read_yaml(tmp_path / "p.yml")


def test_a_missing_config_is_named(tmp_path):
    with pytest.raises(HarlibError, match=r"none\.yml cannot be read"):
        read_yaml(tmp_path / "none.yml")
