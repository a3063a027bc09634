"""The C files of a model, from the templates: text in, text out. `plan` holds every number."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import jinja2
import numpy as np
from jaxtyping import Int8

from harlib.errors import HarlibError
from harlib.integer.c.packing import pack
from harlib.integer.c.plan import Channel, Plan, Stage, plan, ring_rows, terms
from harlib.integer.model import IntegerModel

BACKENDS = ("compact", "fast")
TEMPLATES = Path(__file__).parent / "templates"
BLOCK = 8
BATCH = 4  # rows that `fast` makes at a time: more take more RAM, fewer fetch the code more often
UNROLLED = 20_000  # weights that are not 0, the most that `fast` writes as code


def sources(model: IntegerModel, backend: str = "compact") -> dict[str, str]:
    """Write a model's C99.

    Args:
        model: the integer model.
        backend: "compact" (weights as data, 2 bits each) or "fast" (weights as code).

    Returns:
        The text of harlib_model.h, harlib_model.c, main.c and Makefile, by name.

    Raises:
        HarlibError: unknown backend; more weights than `fast` writes as code.
    """
    if backend not in BACKENDS:
        raise HarlibError(f"backend {backend!r}: must be one of {', '.join(BACKENDS)}")
    numbers = plan(model)
    if backend == "fast" and terms(model) > UNROLLED:
        raise HarlibError(
            f"backend fast: writes each of {terms(model)} weights as code, at most {UNROLLED}; use --backend compact"
        )
    batch = BATCH if backend == "fast" else 1
    slots = ring_rows(numbers.stages, batch)
    fields, offsets = _fast_state(numbers, slots) if backend == "fast" else _compact_state(numbers)
    sizes = {"uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4}
    bytes_of_fields = sum(size * sizes[kind] for size, kind, _, _ in fields)
    stages = numbers.stages
    context = {
        "plan": numbers,
        "backend": backend,
        "title": f"Integer model with {len(model.layers)} layers",
        "shape": model.input.shape,
        "ram": -(-bytes_of_fields // 4) * 4,
        "fields": fields,
        "offsets": offsets,
        "helpers": set[str]().union(*(_helpers(channel) for channel in numbers.channels)),
        "pool": stages[-1],
        "multiplier_type": "uint16_t" if all(channel.multiplier < 2**16 for channel in numbers.channels) else "int32_t",
        "heights": [stage.height for stage in stages],
        "strides": [stage.stride[0] for stage in stages[:-1]],
        "needed": [stage.needed(batch) for stage in stages[:-1]],
        "batch": batch,
        "slots": slots,
        "window": max(stage.kernel[0] + (batch - 1) * stage.stride[0] for stage in stages),
    }
    templates = {"harlib_model.c": f"{backend}.c", "harlib_model.h": "harlib_model.h"}
    templates |= {name: name for name in ("main.c", "Makefile")}
    environment = _environment()
    return {name: environment.get_template(f"{source}.j2").render(context) for name, source in templates.items()}


Field = tuple[int, str, str, str]  # cells, type, name, meaning


def _fast_state(numbers: Plan, slots: list[int]) -> tuple[list[Field], list[tuple[int, int]]]:
    *stages, pool = numbers.stages
    fields = [(pool.channels * pool.width, _cell_type(pool), "sums", "of the pool, by channel and column")]
    for stage in stages:
        rows = slots[stage.index]
        fields.append((rows * stage.slot, "int16_t", f"rows{stage.index}", f"{rows} rows before a convolution"))
        if stage.padding[0]:
            fields.append((stage.slot, "int16_t", f"border{stage.index}", "a row of padding"))
    lines = [BATCH * stage.channels * stage.width for stage in stages if stage.split and stage.index]
    if lines:
        fields.append((max(lines), "int16_t", "line", "rows before they are split by the stride"))
    # Rows of whole cache lines come first, so that all of theirs are aligned where the state is.
    return sorted(fields, key=lambda field: (field[1] != "uint32_t", field[0] % 32 != 0)), []


def _compact_state(numbers: Plan) -> tuple[list[Field], list[tuple[int, int]]]:
    offsets, end = [], 0
    for stage in numbers.stages:
        cells = stage.line * stage.channels
        offsets.append((end, end + stage.kernel[0] * cells if stage.padding[0] else 0))
        end += (stage.kernel[0] + (stage.padding[0] > 0)) * cells
    width = max(stage.out_width for stage in numbers.stages)
    fields = [
        (width, "int32_t", "sums", "of a channel's row"),
        (numbers.stages[-1].channels, "uint32_t", "pool", "sums of the pool"),
        (end, "uint8_t", "cells", "rows before each layer"),
    ]
    return fields, offsets


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "blocks": _blocks, "c_string": _c_string, "cell_type": _cell_type, "code": _code, "first_row": _first_row,
        "logit_terms": _logit_terms, "packed": _packed, "phases": _phases, "place": _place, "rows_read": _rows_read,
        "sum": _sum, "table": _table,
    }  # fmt: skip
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


def _cell_type(stage: Stage) -> str:
    if stage.layer is not None:
        return "int16_t"
    return "uint16_t" if stage.height * 255 < 2**16 else "uint32_t"


def _blocks(stage: Stage) -> Iterator[list[tuple[int, Channel]]]:
    """Take the channels of a group some at a time: those that read the same cells."""
    assert stage.layer is not None
    per_group = stage.layer.out_channels // stage.layer.groups
    channels = list(enumerate(stage.constants))
    for group in range(0, len(channels), per_group):
        for first in range(group, group + per_group, BLOCK):
            yield channels[first : min(first + BLOCK, group + per_group)]


def _rows_read(block: list[tuple[int, Channel]]) -> list[int]:
    return sorted({row for _, channel in block for _, _, row, _ in channel.terms})


def _first_row(stage: Stage, row: int) -> str:
    factor = f" * {stage.stride[0]}" if stage.stride[0] > 1 else ""
    offset = row - stage.padding[0]
    return factor + (f" {'+' if offset > 0 else '-'} {abs(offset)}" if offset else "")


def _phases(stage: Stage) -> Iterator[tuple[int, int, int]]:
    """For each remainder by the stride: where its cells start, its first column, and how many it has."""
    stride, padding = stage.stride[1], stage.padding[1]
    for phase in range(stride):
        first = (phase - padding) % stride
        if first < stage.width:
            yield phase * stage.phase + (padding + first) // stride, first, -(-(stage.width - first) // stride)


def _place(stage: Stage, channel: int) -> int:
    if stage.layer is None or stage.split:
        return channel * stage.width
    return channel * stage.step + stage.padding[1]


def _sum(channel: Channel, stage: Stage) -> str:
    start = channel.start + (channel.offset if channel.kind in ("halves", "unsigned") else 0)
    stride = stage.stride[1]
    parts = [str(start)]
    for sign, source, row, column in channel.terms:
        cell = source * stage.step + column % stride * stage.phase + column // stride
        parts.append(f"{'+' if sign > 0 else '-'} r{row}[{cell} + i]")
    lines: Sequence[str] = textwrap.wrap(" ".join(parts), 104, break_long_words=False)
    return ("\n" + 12 * " ").join(lines)


def _helpers(channel: Channel) -> set[str]:
    """The functions that `_code` calls for a channel, by the template's names; an unused one would be a warning."""
    if channel.kind != "halves":
        return {channel.kind}
    return {"positive", "halves" if channel.multiplier < 2**15 else "complement"} | (
        {"lifted"} if channel.lift else set()
    )


def _code(channel: Channel, name: str, stage: Stage) -> str:
    assert stage.layer is not None
    m, shift = channel.multiplier, channel.shift
    if channel.kind == "halves":
        x = f"positive((int16_t){name})"
        if channel.lift:
            x = f"lifted({x}, {channel.top}, {channel.lift})"
        # GCC has a vector instruction for the high half only where both factors are below 2^15.
        if m < 2**15:
            text = f"halves({x}, {m}, {channel.carry - 2**15}, {channel.half_shift})"
        else:
            text = f"complement({x}, {2**16 - m}, {2**15 - 1 - channel.carry}, {channel.half_shift})"
    elif channel.kind == "unsigned":
        text = f"unsigned32((int16_t){name}, {m}, {channel.rest}, {shift})"
    elif channel.kind == "signed":
        value = f"(int16_t){name}" if channel.narrow else name
        text = f"signed32({value}, {m}, {channel.constant}, {shift})"
    else:
        text = f"wide64({name}, {m}, {channel.constant}, {shift})"
    if channel.floor:
        text = f"at_least({text}, {stage.layer.clamp[0]})"
    return f"at_most({text}, {stage.layer.clamp[1]})" if channel.ceiling else text


def _logit_terms(numbers: Plan) -> list[tuple[int, list[tuple[int, int]]]]:
    linear = numbers.model.linear
    return [
        (bias - linear.input_zero_point * sum(row), [(sign, i) for i, sign in enumerate(row) if sign])
        for bias, row in zip(linear.bias, linear.weight, strict=True)
    ]
