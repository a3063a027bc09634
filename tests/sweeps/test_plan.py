"""Mistakes in a sweep are named before any work."""

import pytest

from harlib.cli import main
from harlib.errors import HarlibError
from harlib.sweeps import graph, plan
from sweeps.examples import ROOT, TWO, graph_of, kinds, write


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grid": {"treshold": [0.5]}}, r"treshold = 0.5: unknown parameter 'treshold' \(did you mean 'threshold'\?\)"),
        ({"grid": {"threshold": [0.5, 9]}}, "threshold = 9: threshold = 9: input should be less than or equal to 3"),
        ({"grid": {"evaluate_on": ["test", "validation"]}}, "evaluate_on cannot vary within a sweep"),
        ({"grid": {}}, "grid is empty"),
        ({"grid": {"threshold": []}}, "grid: threshold is empty"),
        ({"grid": None, "points": []}, "0 runs; 1 to 100,000 are allowed"),
        ({"grid": None}, "either a grid or a list of points"),
        ({"points": [{"threshold": 0.5}]}, "either a grid or a list of points"),
        ({"grid": {"threshold": [0.5, 0.5]}}, "stands there twice"),
        ({"seeds": [0, 0]}, "stands there twice"),
        ({"seeds": []}, "seeds: "),
        ({"seeds": [-1]}, "seed = -1"),
        ({"stages": ["quat"]}, "stage 'quat' is unknown"),
        ({"stages": ["../qat"]}, "stage '../qat' is unknown"),
        ({"grid": {"seed": [0, 1]}}, "seed is no parameter of a sweep: `seeds` lists them"),
        ({"parameters": {"workers": 2}}, "workers is no parameter of a sweep"),
        ({"parameters": {"threshold": 0.5}}, "threshold stands in `parameters` and is varied"),
        ({"grid": {"sparsity": [0.5, 0.6]}}, "sparsity changes nothing in ternary-ptq-bn, qat"),
        ({"grid": {"threshold": [0.1] * 400, "qat_epochs": [1] * 400}}, "320,000 runs; 1 to 100,000 are allowed"),
        ({"girds": {}}, "girds: extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_named_before_any_work(tmp_path, changes, message):
    path = write(tmp_path, {name: value for name, value in (TWO | changes).items() if value is not None})
    with pytest.raises(HarlibError, match=message) as caught:
        graph_of(path)
    assert "\n" not in str(caught.value)


def test_the_command_names_a_mistake_in_one_line(capsys):
    for arguments, message in (
        (["nothing"], "sweep 'nothing': config/sweeps/ holds smoke, threshold, threshold-sparsity"),
        (["smoke", "--cores", "0"], "cores = 0"),
        (["smoke", "--profile", "nowhere"], "nowhere/config.yaml is missing"),
    ):
        assert main(["sweep", *arguments]) == 1
        captured = capsys.readouterr().err
        assert message in captured
        assert captured.count("\n") == 1


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "sweeps").glob("*.yml")), ids=lambda path: path.stem)
def test_the_sweeps_of_the_project_are_valid(path):
    content, runs, jobs = graph_of(path)
    assert plan.count(content) == len(runs) == len(jobs.runs)
    assert kinds(jobs.jobs)["data"] == 1
    assert "\n" not in graph.text(content, runs, jobs)
