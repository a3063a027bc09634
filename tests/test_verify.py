"""`harlib verify`: a run that nobody touched fits its manifest; whatever is changed is named."""

import json

import pytest

from harlib import cli, files, fingerprint, manifest, verify
from harlib.errors import HarlibError
from harlib.parameters import Parameters
from harlib.project import project_root
from harlib.provenance import package_versions
from harlib.runs import Run

WHAT = ["results", "data", "parameters", "commit", "sources", "lock", "packages"]


@pytest.fixture
def run(tmp_path):
    held = Run(tmp_path / "run")
    held.save_parameters(Parameters())
    for name in ("data.npz", "metrics.csv", "models/fold0.json"):
        files.write(held.path / name, name)
    made = manifest.Manifest.model_validate(
        {
            "run": "run",
            "parameters": Parameters().model_dump(mode="json", exclude={"workers"}),
            "seed": 0,
            "commit": "0" * 40,
            "dirty": False,
            "harlib": {"version": "0.1.0", "sources": fingerprint.sources_hash()},
            "lock": files.sha256(project_root() / "requirements.lock"),
            "data": {"data": files.sha256(held.path / "data.npz"), "fresh": "0" * 64},
            "python": verify.platform.python_version(),
            "packages": package_versions(),
            "system": "Linux x86_64",
            "cpu": {"name": "a processor", "count": 2},
            "threads": {"processes": 2, "torch_threads_each": 1},
            "stages": {"fp32": {"started": None, "seconds": (1.0,), "peak_memory_mb": 300.0}},
            "files": {name: files.sha256(held.path / name) for name in ("metrics.csv", "models/fold0.json")},
        }
    )
    manifest.save(held.path, made)
    return held.path


def misfits(run):
    return {check.what: check.misfits for check in verify.verify(run) if check.misfits}


def rewrite(run, **changes):
    manifest.save(run, manifest.load(run).model_copy(update=changes))


def test_an_untouched_run_fits(run, capsys):
    assert [check.what for check in verify.verify(run)] == WHAT
    assert cli.main(["verify", str(run)]) == 0
    assert "does not fit" not in capsys.readouterr().out


def test_changed_and_missing_results_and_data_are_named(run, capsys):
    (run / "metrics.csv").write_text("changed")
    (run / "models" / "fold0.json").unlink()
    (run / "data.npz").write_text("changed")
    assert cli.main(["verify", str(run)]) == 1
    out = capsys.readouterr().out
    assert misfits(run)["results"] == ("metrics.csv has other content", "models/fold0.json is missing")
    assert misfits(run)["data"] == ("data.npz has other content",)
    assert out.count("does not fit") == 2


def test_data_that_a_reference_does_not_keep_is_no_misfit(run):
    (run / "data.npz").unlink()
    assert misfits(run) == {}
    assert any("not kept" in check.note for check in verify.verify(run))


def test_other_parameters_are_named(run):
    Run(run).save_parameters(Parameters(threshold=0.5))
    assert misfits(run)["parameters"] == ("threshold = 0.5 in params.yml, 0.7 in the manifest",)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("sources", {"harlib": manifest.Harlib(version="0.1.0", sources="1" * 64)}),
        ("lock", {"lock": "1" * 64}),
        ("commit", {"dirty": True}),
        ("packages", {"python": "3.0.0"}),
        ("packages", {"packages": {"numpy": "1.0"}}),
        ("packages", {"packages": {"no-such-package": "1.0"}}),
    ],
)
def test_what_the_run_was_made_with_is_held_against_what_is_here(run, what, change):
    rewrite(run, **change)
    assert list(misfits(run)) == [what]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"run": 1}', '{"files": {"../../outside": "' + "0" * 64 + '"}}'],
)
def test_what_is_no_manifest_is_refused(run, text):
    (run / "manifest.json").write_text(text)
    with pytest.raises(HarlibError, match=r"manifest\.json is no manifest .*run the study again"):
        verify.verify(run)


def test_names_that_lead_out_of_the_run_are_refused(run):
    content = json.loads((run / "manifest.json").read_text())
    for name in ("../outside", "/etc/passwd", ""):
        (run / "manifest.json").write_text(json.dumps(content | {"files": {name: "0" * 64}}))
        with pytest.raises(HarlibError, match="a name inside the run is expected"):
            verify.verify(run)


def test_a_run_without_manifest_is_named(tmp_path, capsys):
    assert cli.main(["verify", str(tmp_path)]) == 1
    assert "manifest.json cannot be read (No such file or directory)" in capsys.readouterr().err
