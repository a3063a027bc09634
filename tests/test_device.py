"""Parameter `device`: what is refused without a GPU, and, where there is one, that it trains and repeats itself."""

import json

import pytest
import torch
import yaml
from helpers import toy_dataset

from harlib import data, parameters, process, study
from harlib.cli import main
from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import fp32, integer, pruned, qat
from harlib.study import Study

SHORT = {"fp32_epochs": 1, "qat_epochs": 1, "prune_epochs": 2, "prune_ramp_epochs": 1, "folds": 2, "subjects": 4}
ROOT = project_root()
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")


@pytest.fixture
def without(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_run_on_a_gpu_that_is_not_there_stops_before_any_work(without, tmp_path, capsys):
    config = tmp_path / "on-a-gpu.yml"
    config.write_text(yaml.safe_dump({"device": "cuda"}))
    assert main(["run", str(config)]) == 1
    message = capsys.readouterr().err
    assert message.startswith("harlib: device = 'cuda': ")
    assert message.count("\n") == 1
    assert not (ROOT / "runs" / "on-a-gpu").exists()


def test_a_notebook_on_a_gpu_that_is_not_there_stops(without, tmp_path):
    cells = [f'device = "cuda"\nto_run = "{tmp_path}"', 'work = study.begin("x", globals())']
    names = {"In": cells, "device": "cuda", "to_run": str(tmp_path)}
    with pytest.raises(HarlibError, match=r"device = 'cuda': .*: set device: cpu"):
        study.begin("02-fp32-baseline", names)


@pytest.mark.parametrize(("cuda", "why"), [(None, "this build of torch is for the CPU"), ("13.0", "torch sees no GPU")])
def test_the_message_says_whether_the_build_or_the_machine_lacks_it(without, monkeypatch, cuda, why):
    monkeypatch.setattr(torch.version, "cuda", cuda)
    with pytest.raises(HarlibError, match=why):
        process.check_device("cuda")
    process.check_device("cpu")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("device", "cuda", "was computed on device 'cuda': published runs are computed on the cpu"),
        ("compiled", True, "was trained through torch.compile: published runs do without"),
    ],
)
def test_a_run_of_a_gpu_or_of_a_compiler_is_not_published(tmp_path, monkeypatch, capsys, name, value, message):
    published = ROOT / "reference" / "published"
    run = tmp_path / "runs" / "mine"
    made = json.loads((published / "manifest.json").read_text())
    made["parameters"][name] = value
    for path in (path for path in published.rglob("*") if path.is_file()):
        copy = run / path.relative_to(published)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (run / "manifest.json").write_text(json.dumps(made))
    monkeypatch.setattr("harlib.reference.project_root", lambda: tmp_path)
    assert main(["publish-reference", "--run", "mine"]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "reference").exists()


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=gpu)])
def trained(request, tmp_path):
    """The stages on toy data, trained on the device, twice."""
    runs = []
    for name in ("one", "other"):
        run = Run(tmp_path / name)
        data.save(run.path / "data.npz", toy_dataset(4, 10))
        data.save(run.path / "fresh.npz", toy_dataset(3, 5, first=4, seed=1))
        work = Study("test", parameters.check(SHORT | {"device": request.param, "workers": 1}), run, run)
        for stage in (fp32, qat, pruned, integer):
            work.run(stage, folds=1)
        runs.append(work)
    return runs


def test_the_same_seed_gives_the_same_networks_again(trained):
    one, other = (work.target for work in trained)
    for stage in (fp32, qat, pruned):
        states = [run.state(stage.NAME, 0) for run in (one, other)]
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert (one.path / "models" / "fold0.json").read_bytes() == (other.path / "models" / "fold0.json").read_bytes()


def test_networks_are_looked_at_on_the_cpu_and_answer_as_they_did(trained):
    work = trained[0]
    task = work.task(pruned, 0)
    network = work.network(pruned, 0)
    assert task.x.device.type == next(network.parameters()).device.type == "cpu"
    answered = torch.tensor(work.target.result("pruned", 0)["predictions"])
    with torch.no_grad():
        now = network(task.test_x).argmax(1)
    # Float sums differ in their last bits from device to device: at most one sample near a boundary may move.
    assert (now != answered).sum() <= (0 if work.parameters.device == "cpu" else 1)
