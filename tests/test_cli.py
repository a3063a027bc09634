"""The command line: one line and status 1 for a mistake."""

import pytest

from harlib import cli
from harlib.project import project_root


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


def test_published_runs_are_cpu_only(tmp_path, capsys):
    (tmp_path / "ok.yml").write_text("device: cuda\n")
    assert "published runs" in fails(capsys, "run", str(tmp_path / "ok.yml"), "--run", "published")


def test_publishing_an_unfinished_run_is_refused(capsys):
    assert "is missing" in fails(capsys, "publish-reference", "--run", "no-such-run")
