"""The model file's JSON Schema, from the classes that validate it: `python -m harlib.integer.schema` prints it.

A schema tells types, ranges and keys. What it cannot tell (shapes that must agree, accumulators within 24 bits) is in
the book's page on the format, and `harlib.integer.model.load` checks all of it.
"""

import json
from typing import Any

from harlib.integer.model import IntegerModel


def schema() -> dict[str, Any]:
    """Make the schema, draft 2020-12."""
    body = IntegerModel.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | body | {"title": "harlib-integer, version 1"}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))
