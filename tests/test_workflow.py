"""The notebooks as committed, and the inputs that the workflow makes of them."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from harlib import notebooks, parameters, workflow
from harlib.errors import HarlibError
from harlib.runs import LOCAL, Run

ROOT = Path(__file__).parents[1]
PATHS = [ROOT / "notebooks" / f"{notebook.name}.ipynb" for notebook in workflow.NOTEBOOKS]
names = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def cells(path):
    return nbformat.read(path, as_version=4).cells


def test_every_notebook_of_the_folder_is_in_the_study():
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == sorted(PATHS)


def test_every_need_is_made_by_an_earlier_notebook():
    made = {"params.yml", "inputs/data_file.txt", "inputs/extended.txt", "inputs/tables.txt"}  # of `prepare`
    for notebook in workflow.NOTEBOOKS:
        assert set(notebook.needs) <= made
        made |= set(notebook.makes)


@names
def test_committed_without_outputs_and_valid(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    for cell in cells(path):
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"


@names
def test_defaults_are_the_published_ones(path):
    published = parameters.Parameters()
    for name, value in notebooks.declared(path).items():
        if name == "from_run":
            assert value == "reference/published"
        elif name == "to_run":
            assert value == "runs/scratch"
        else:
            expected = getattr(published, name)
            assert (tuple(value) if isinstance(value, list) else value) == expected, name


@names
def test_parameters_are_explained_and_checked_first(path):
    code = [cell for cell in cells(path) if cell.cell_type == "code"]
    tagged = [i for i, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [0]
    assert all("#" in line or line.startswith((" ", ")", "]")) for line in code[0].source.splitlines() if line)
    assert f'study.begin("{path.stem}", globals())' in code[1].source


def test_every_parameter_is_declared_by_a_notebook():
    declared = {name for path in PATHS for name in notebooks.declared(path)}
    assert set(parameters.Parameters.model_fields) - LOCAL <= declared


@names
def test_a_chapter_opens_with_a_question_and_closes_with_what_was_learned(path):
    text = [cell.source for cell in cells(path) if cell.cell_type == "markdown"]
    assert re.match(r"# [^\n]+\n\n\*\*[^*]+\?\*\*\n", text[0])
    headings = re.findall(r"^## (.+)$", "\n".join(text), re.MULTILINE)
    assert headings[-3:] == ["What was learned", "Exercises", "Where to go next"]


@names
def test_figures_have_captions_and_alt_text(path):
    figures = 0
    for cell in cells(path):
        held = cell.metadata.get("mystnb", {})
        if "figure" in held:
            figures += 1
            assert len(held["figure"]["caption"]) > 30
            assert held["figure"]["name"].startswith("fig-")
            assert len(held["image"]["alt"]) > 30
    assert figures >= 1


def test_saving_with_outputs_changes_no_input(tmp_path):
    notebook = nbformat.read(PATHS[1], as_version=4)
    for count, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = count
            cell.outputs = [nbformat.v4.new_output("stream", text="hello")]
    saved = tmp_path / "saved.ipynb"
    nbformat.write(notebook, saved)
    assert notebooks.stripped(saved) == notebooks.stripped(PATHS[1])
    notebook.cells[-1].source += " "
    nbformat.write(notebook, saved)
    assert notebooks.stripped(saved) != notebooks.stripped(PATHS[1])


def test_prepare_rewrites_only_the_slices_that_use_a_changed_parameter(tmp_path):
    run = Run(tmp_path)
    workflow.prepare(ROOT, run, parameters.check({}))
    before = {path.name: path.read_bytes() for path in (tmp_path / "inputs").iterdir()}
    workflow.prepare(ROOT, run, parameters.check({"qat_epochs": 21, "workers": 3}))
    after = {path.name: path.read_bytes() for path in (tmp_path / "inputs").iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"04-quantization-aware-training.yml"}


def test_a_new_table_of_the_extended_run_is_an_input(tmp_path):
    root = tmp_path / "project"
    (root / "reference" / "extended").mkdir(parents=True)
    (root / "notebooks").symlink_to(ROOT / "notebooks")
    held = []
    for text in (None, "share\n0.45\n", "share\n0.5\n"):
        if text:
            (root / "reference" / "extended" / "summary.csv").write_text(text)
        workflow.prepare(root, Run(tmp_path / "run"), parameters.check({}))
        held.append((tmp_path / "run" / "inputs" / "extended.txt").read_text())
    assert held[0] == ""
    assert held[1].startswith("summary.csv ")
    assert len(set(held)) == 3


@names
def test_every_committed_table_that_a_notebook_reads_is_an_input(path, tmp_path):
    read = set(re.findall(r'"reference" / "([\w.-]+)"', notebooks.code(path)))
    (needs,) = [notebook.needs for notebook in workflow.NOTEBOOKS if notebook.name == path.stem]
    assert read == (set(workflow.TABLES) if "inputs/tables.txt" in needs else set())
    assert (".extended(" in notebooks.code(path)) == ("inputs/extended.txt" in needs)
    workflow.prepare(ROOT, Run(tmp_path), parameters.check({}))
    assert [line.split()[0] for line in (tmp_path / "inputs/tables.txt").open()] == list(workflow.TABLES)


def test_a_marker_without_its_checkpoints_is_removed(tmp_path):
    marker = tmp_path / "stages" / "fp32.json"
    marker.parent.mkdir()
    marker.write_text(json.dumps({}))
    workflow.prepare(ROOT, Run(tmp_path), parameters.check({}))
    assert not marker.exists()


def test_what_is_no_notebook_is_named(tmp_path):
    bad = tmp_path / "bad.ipynb"
    bad.write_text("{")
    with pytest.raises(HarlibError, match=r"bad\.ipynb is no notebook"):
        notebooks.stripped(bad)
