"""The page on citing says what the project's own files say."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_bibtex_agrees_with_citation_cff() -> None:
    page = (ROOT / "book" / "citing.md").read_text(encoding="utf-8")
    held = dict(re.findall(r"^  (\w+) += \{(.*)\}", page, re.MULTILINE))
    bare = {name: re.sub(r"[{}]", "", value) for name, value in held.items()}
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert bare["title"] == cited["title"] == project["description"]
    assert bare["version"] == cited["version"] == project["version"]
    assert bare["author"] == cited["authors"][0]["name"] == config["author"]
    assert bare["year"] == config["copyright"]
