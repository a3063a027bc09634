"""The C files of a model, from the templates: text in, text out. `plan` holds every number."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from jaxtyping import Int8

from harlib.errors import HarlibError
from harlib.integer.c import compact, fast, packed
from harlib.integer.c.packing import pack
from harlib.integer.c.plan import Plan, Stage, plan, ring_rows, terms
from harlib.integer.model import IntegerModel

BACKENDS = {"compact": compact, "fast": fast, "packed": packed}
TEMPLATES = Path(__file__).parent / "templates"
SIZES = {"uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4}
UNROLLED = 20_000  # weights that are not 0, the most that are written as code


def sources(model: IntegerModel, backend: str = "compact") -> dict[str, str]:
    """Write a model's C99.

    Args:
        model: the integer model.
        backend: "compact" (weights as data, 2 bits each), "fast" (weights as code, for vector instructions) or "packed"
            (weights as code, two pixels in a 32-bit word, for microcontrollers).

    Returns:
        The text of harlib_model.h, harlib_model.c, main.c and Makefile, by name.

    Raises:
        HarlibError: unknown backend; more weights than are written as code.
    """
    if backend not in BACKENDS:
        raise HarlibError(f"backend {backend!r}: must be one of {', '.join(BACKENDS)}")
    module: Any = BACKENDS[backend]
    numbers = plan(model)
    if backend != "compact" and terms(model) > UNROLLED:
        raise HarlibError(
            f"backend {backend}: writes each of {terms(model)} weights as code, at most {UNROLLED}; "
            "use --backend compact"
        )
    batch = module.BATCH
    stages = module.schedule(numbers) if backend == "packed" else numbers.stages
    first = fast.first_rows(numbers) if backend == "fast" else [batch] * len(stages)
    slots = ring_rows(stages, batch, first)
    context = {
        "plan": numbers,
        "backend": backend,
        "title": f"Integer model with {len(model.layers)} layers",
        "shape": model.input.shape,
        "pool": stages[-1],
        "heights": [stage.height for stage in stages],
        "strides": [stage.stride[0] for stage in stages[:-1]],
        "needed": [stage.needed(count) for stage, count in zip(stages, first[1:], strict=False)],
        "batch": batch,
        "begin": first,
        "slots": slots,
        "window": max(stage.kernel[0] + (max(first) - 1) * stage.stride[0] for stage in stages),
    }
    context |= module.context(numbers, slots)
    state_bytes = sum(size * SIZES[kind] for size, kind, _, _ in context["fields"])
    context["alignment"] = fast.ALIGNMENT if backend == "fast" else 0
    context["ram"] = -(-state_bytes // (context["alignment"] or 4)) * (context["alignment"] or 4)
    templates = {"harlib_model.c": context["template"] + ".c", "harlib_model.h": "harlib_model.h"}
    templates |= {name: name for name in ("main.c", "Makefile")}
    environment = _environment(module.FILTERS)
    return {name: environment.get_template(f"{source}.j2").render(context) for name, source in templates.items()}


def _environment(filters: dict[str, Any]) -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "c_string": _c_string, "first_row": _first_row, "logit_terms": _logit_terms, "packed": _packed, "table": _table,
    }  # fmt: skip
    environment.filters |= filters
    return environment


def _table(values: Iterable[int]) -> str:
    text = ", ".join(str(value) for value in values)
    return textwrap.fill(text, 112, initial_indent="    ", subsequent_indent="    ")


def _packed(weights: Int8[np.ndarray, "..."]) -> str:
    return _table(pack(weights).tolist())


def _c_string(text: str) -> str:
    """Quote a string; all but plain characters as three octal digits, which no next character can extend.

    >>> print(_c_string('a "b" ?'))
    "a \\042b\\042 \\077"
    """
    plain = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.,")
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'


def _first_row(stage: Stage, row: int) -> str:
    factor = f" * {stage.stride[0]}" if stage.stride[0] > 1 else ""
    offset = row - stage.padding[0]
    return factor + (f" {'+' if offset > 0 else '-'} {abs(offset)}" if offset else "")


def _logit_terms(numbers: Plan) -> list[tuple[int, list[tuple[int, int]]]]:
    linear = numbers.model.linear
    return [
        (bias - linear.input_zero_point * sum(row), [(sign, i) for i, sign in enumerate(row) if sign])
        for bias, row in zip(linear.bias, linear.weight, strict=True)
    ]
