"""What is committed of the published run still fits today's code and README."""

import pytest
import torch
from safetensors.torch import load_file

from harlib import manifest, parameters, reference, verify
from harlib.integer import model as model_file
from harlib.integer import proofs, vectors
from harlib.project import project_root
from harlib.runs import Run
from harlib.stages import ORDER, pruned
from harlib.stages.folded import integer_model
from harlib.stages.task import Task

PUBLISHED = Run(project_root() / "reference" / "published")
DESCRIBING = ("weight_scale", "real_multiplier", "output_scale", "logit_scale")  # floats that no engine needs
folds = pytest.mark.parametrize("fold", range(5))


def test_readme_shows_the_published_table():
    text = (project_root() / "README.md").read_text()
    assert reference.TABLE.search(text).group() == reference.accuracy_table(PUBLISHED)


def test_published_parameters_are_the_defaults():
    assert parameters.check(PUBLISHED.parameters()) == parameters.Parameters()


def test_metrics_follow_from_predictions():
    table = PUBLISHED.table("predictions")
    share = (table.label == table.predicted).groupby([table.stage, table.fold]).mean()
    for stage in ORDER:
        assert PUBLISHED.accuracies(stage) == pytest.approx(share[stage].tolist())
        assert len(table[table.stage == stage]) == 1380
    assert manifest.load(PUBLISHED.path).seed == 0


def test_committed_files_are_those_of_the_manifest():
    found = {check.what: check for check in verify.verify(PUBLISHED.path)}
    assert not found["results"].misfits
    assert not found["parameters"].misfits
    assert not found["commit"].misfits
    on_disk = {path.relative_to(PUBLISHED.path).as_posix() for path in PUBLISHED.path.rglob("*") if path.is_file()}
    assert on_disk == {*manifest.load(PUBLISHED.path).files, "manifest.json"}


@folds
def test_todays_engine_gives_the_committed_integers(fold):
    model = model_file.load(PUBLISHED.path / "models" / f"fold{fold}.json")
    held = vectors.load(PUBLISHED.path / "vectors" / f"fold{fold}.npz")
    assert vectors.verify(model, held) == 64
    assert proofs.fits_32_bits(model)


@folds
def test_todays_export_gives_the_committed_model(fold):
    state = load_file(PUBLISHED.checkpoint("pruned", fold))
    model = model_file.load(PUBLISHED.path / "models" / f"fold{fold}.json")
    nothing = torch.zeros(0, 1, 64, 64)
    labels = torch.zeros(0, dtype=torch.int64)
    task = Task(parameters.Parameters(), model.classes, fold, nothing, labels, nothing, labels)
    exported = integer_model(pruned.build(state, task), model.classes, 16)
    for now, then in zip(exported.layers, model.layers, strict=True):
        for name, value in now:
            if name in DESCRIBING:
                assert value == pytest.approx(getattr(then, name), rel=1e-6), name
            else:
                assert value == getattr(then, name), name


@folds
def test_at_least_45_percent_of_the_weights_are_zero(fold):
    zeros = proofs.zeros(model_file.load(PUBLISHED.path / "models" / f"fold{fold}.json"))
    assert zeros.total == 2768
    assert zeros.natural / zeros.total >= 0.45
