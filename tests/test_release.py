"""One version everywhere, workflows that GitHub takes, and an archive that is checked before it is believed.

schemas/github-workflows.json is the schema of json.schemastore.org (Apache License 2.0), as check-jsonschema 0.39.0
ships it.
"""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml
from helpers import load_script

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def release():
    return load_script(ROOT / "tools" / "release.py")


def test_one_version_everywhere(release):
    assert len(set(release.versions().values())) == 1, release.versions()


def parse(text):
    """YAML as GitHub reads it: `on` is a word."""
    content = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in content.items()}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_follow_githubs_schema(path):
    schema = json.loads((ROOT / "tests" / "schemas" / "github-workflows.json").read_text())
    jsonschema.validate(parse(path.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parse(path.read_text().replace("runs-on", "run-on")), schema)


def test_the_book_is_published_from_the_archive_and_never_trained():
    text = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    steps = parse(text)["jobs"]["build"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands.index("make test") < commands.index(".venv/bin/python tools/release.py unpack _build/release")
    assert "make book" not in text
    assert "harlib run" not in text
    for command in commands:
        for program in re.findall(r"\S+\.py\b", command):
            assert (ROOT / program).is_file(), program
        for target in re.findall(r"make (\S+)", command):
            assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text()), target


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "published"
    for name in ("manifest.json", "notebooks/01.ipynb", "logs/01.txt", ".snakemake/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_an_archive_comes_back_whole_and_is_the_same_twice(release, run, tmp_path):
    record = tmp_path / "release.json"
    first = release.archive(run, tmp_path / "one", record).read_bytes()
    for path in run.rglob("*"):
        path.touch()
    assert release.archive(run, tmp_path / "two", record).read_bytes() == first
    back = release.unpack(tmp_path / "two", tmp_path / "back", record)
    assert {path.relative_to(back).as_posix() for path in back.rglob("*") if path.is_file()} == {
        "manifest.json",
        "notebooks/01.ipynb",
    }
    with pytest.raises(release.ReleaseError, match="is there already"):
        release.unpack(tmp_path / "two", tmp_path / "back", record)


def test_another_archive_is_refused_before_it_is_unpacked(release, run, tmp_path):
    record = tmp_path / "release.json"
    path = release.archive(run, tmp_path / "one", record)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(release.ReleaseError, match="another run's"):
        release.unpack(tmp_path / "one", tmp_path / "back", record)
    path.unlink()
    with pytest.raises(release.ReleaseError, match="is missing"):
        release.unpack(tmp_path / "one", tmp_path / "back", record)
    assert not (tmp_path / "back").exists()
    shutil.rmtree(run)
    with pytest.raises(release.ReleaseError, match="is not finished"):
        release.archive(run, tmp_path / "one", record)


def project(folder):
    for name in ("README.md", "LICENSE", "LICENSE-text", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("requirements.lock", "environment.yml", "pyproject.toml", "src/harlib/__init__.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / ".github", folder / ".github")


def test_the_check_names_what_is_missing(release, tmp_path):
    project(tmp_path)
    found = release.problems(tmp_path)
    assert any("reference/published is missing" in line for line in found)
    assert any("release.json is not of" in line for line in found)
    assert any("no git repository" in line for line in found)
    citation = tmp_path / "CITATION.cff"
    citation.write_text(citation.read_text().replace("\nversion: ", "\nversion: 9"))
    assert any("versions differ" in line and "CITATION.cff 9" in line for line in release.problems(tmp_path))
    (tmp_path / "LICENSE").unlink()
    assert release.problems(tmp_path) == ["LICENSE is missing"]


def test_the_check_wants_a_date_and_a_clean_reference(release, tmp_path):
    project(tmp_path)
    published = tmp_path / "reference" / "published"
    published.mkdir(parents=True)
    (published / "manifest.json").write_text(json.dumps({"dirty": True, "commit": "abc"}))
    version = release.versions(tmp_path)["pyproject.toml"]
    (tmp_path / "CHANGELOG.md").write_text(f"## {version} (not released)\n")
    found = release.problems(tmp_path)
    assert any("has no date" in line for line in found)
    assert any("uncommitted changes: commit" in line for line in found)
    (tmp_path / "CHANGELOG.md").write_text(f"## {version} (2027-01-31)\n")
    assert not any("has no date" in line for line in release.problems(tmp_path))
