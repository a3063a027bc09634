"""The model file as text: how it is laid out, and how its mistakes are told."""

import json
import reprlib
from typing import Any

from pydantic import ValidationError

SHOWN = 3  # complaints in one message


def render(value: Any, indent: str = "") -> str:
    """Lay out JSON: a key a line, a flat list on one line, a nested list with one output channel a line.

    >>> print(render({"bias": [1, 2], "weight": [[[1, 0]], [[0, -1]]]}))
    {
     "bias": [1, 2],
     "weight": [
      [[1,0]],
      [[0,-1]]
     ]
    }
    """
    inner = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {render(item, inner)}" for key, item in value.items()]
        return _block("{}", items, indent)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _block("[]", [render(item, inner) for item in value], indent)
    if isinstance(value, list) and value and isinstance(value[0], list):
        return _block("[]", [json.dumps(item, separators=(",", ":")) for item in value], indent)
    return json.dumps(value, ensure_ascii=False)


def _block(brackets: str, items: list[str], indent: str) -> str:
    lines = ",\n".join(f"{indent} {item}" for item in items)
    return f"{brackets[0]}\n{lines}\n{indent}{brackets[1]}"


def refuse_ambiguous(text: str) -> None:
    """Raise ValueError if an object names a key twice: engines would differ on which one counts."""
    json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"the key {reprlib.repr(key)} stands twice in one object")
        seen.add(key)


def complaints(error: ValidationError) -> str:
    """Tell what is wrong in one line; another format or version is told alone, as all else follows from it."""
    items = error.errors(include_url=False)
    first = [item for item in items if item["loc"] in (("format",), ("version",))]
    shown = (first or items)[:SHOWN]
    more = len(first or items) - len(shown)
    return "; ".join(_complaint(item) for item in shown) + (f"; and {more} more" if more else "")


def _complaint(item: Any) -> str:
    place = _place(item["loc"])
    if item["type"] == "value_error":
        return f"{place}: {item['ctx']['error']}" if place else str(item["ctx"]["error"])
    if item["type"] == "missing":
        return f"{place} is missing"
    if item["type"] == "extra_forbidden":
        return f"{place} is no key of version 1; remove it"
    message = item["msg"][0].lower() + item["msg"][1:]
    return f"{place or 'the file'} = {reprlib.repr(item['input'])}: {message}".replace("\n", " ")


def _place(parts: tuple[int | str, ...]) -> str:
    """Write a location as the file has it; pydantic's names for the members of a union are left out."""
    place = ""
    for before, part in zip((None, *parts), parts, strict=False):
        if isinstance(part, int):
            place += f"[{part}]"
        elif before != "weight_scale" and not isinstance(before, int):
            name = part if part.isidentifier() and len(part) <= 40 else reprlib.repr(part)
            place += f".{name}" if place else name
    return place
