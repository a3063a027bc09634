"""The published JSON Schema: the one that the classes give, and one that refuses what they refuse."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from harlib.integer.schema import schema
from harlib.project import project_root

ROOT = project_root()
COMMITTED = json.loads((ROOT / "book" / "_static" / "harlib-integer-1.schema.json").read_text())
GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


def test_the_committed_schema_is_the_one_of_the_classes():
    assert schema() == COMMITTED, "python -m harlib.integer.schema > book/_static/harlib-integer-1.schema.json"


def test_published_models_and_the_example_of_the_page_are_valid():
    validator = jsonschema.Draft202012Validator(COMMITTED)
    for path in sorted((ROOT / "reference" / "published" / "models").glob("*.json")):
        validator.validate(json.loads(path.read_text()))
    validator.validate(GOLDEN)


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        (("layers", 0), "shift", [2, 47]),
        (("layers", 0), "weight", [[[[1, -2]]], [[[0, 1]]]]),
        (("layers", 0), "zero", 1),
        (("layers", 0), "bias", [3, 2**22]),
        (("input",), "zero_point", 256),
        ((), "version", 2),
        ((), "format", "other"),
    ],
)
def test_a_broken_rule_is_refused(place, key, value):
    model = copy.deepcopy(GOLDEN)
    part = model
    for step in place:
        part = part[step]
    part[key] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(COMMITTED).validate(model)


def test_the_page_shows_the_example_that_the_tests_compute_by_hand():
    page = (ROOT / "book" / "integer-format.md").read_text()
    shown = page.split("```json\n")[1].split("```")[0]
    assert json.loads(shown) == GOLDEN
