"""Weights as code over two pixels in a 32-bit word, for microcontrollers: statements of C from `layout` and `lanes`."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from harlib.integer.c.lanes import LANE, Lanes, lane_methods
from harlib.integer.c.layout import Map, Source, maps
from harlib.integer.c.plan import Channel, Field, Plan, Stage
from harlib.integer.c.sharing import groups, share

BATCH = 1
BLOCK = 8  # output channels whose sums are formed together: as many as there are registers for
GROUP = 3  # cells that share parts of sums, for the same reason
WORDS = 4  # words that a channel that stands alone makes at a time: they read the same cells

Block = list[tuple[int, Channel]]
Cell = tuple[int, int, int]  # source channel, column and row of a window


def blocks(stage: Stage, methods: list[Lanes]) -> list[Block]:
    """Take channels that read the same cells some at a time, as many as there are registers for; the others alone."""
    assert stage.layer is not None
    per_group = stage.layer.out_channels // stage.layer.groups
    found: list[Block] = []
    for out, channel in enumerate(stage.constants):
        joins = found and methods[out].together and methods[out - 1].together and out % per_group
        if joins and len(found[-1]) < BLOCK:
            found[-1].append((out, channel))
        else:
            found.append([(out, channel)])
    return found


def words(block: Block, made: int) -> int:
    """Words of a row that a block makes at a time."""
    return math.gcd(made, WORDS) if len(block) == 1 else 1


def takes_lines(block: Block, methods: list[Lanes]) -> bool:
    """Whether a block reads lines."""
    return any(methods[out].short for out, _ in block)


def pointers(block: Block, stage: Stage, call: bool = False) -> str:
    """The row pointers of a block's function, as its parameters or its arguments."""
    rows = sorted({row if stage.index else 0 for _, channel in block for _, _, row, _ in channel.terms})
    return "".join(f"rows[{row}], " if call else f"const uint32_t *r{row}, " for row in rows)


def sums(block: Block, stage: Stage, methods: list[Lanes], own: Map, slot: int, count: int) -> Iterator[str]:
    """Statements that form a block's sums for `count` words from i on: each input is read once, parts are shared."""
    stride = stage.stride[1]
    targets = [(out, word) for out, _ in block for word in range(count)]
    signs: list[dict[Cell, int]] = [
        {(source, column + stride * word, row): sign for sign, source, row, column in channel.terms}
        for _, channel in block
        for word in range(count)
    ]
    cells = sorted(set[Cell]().union(*signs))
    numbers = {cell: number for number, cell in enumerate(cells)}
    numbered = [{numbers[cell]: sign for cell, sign in one.items()} for one in signs]
    together = all(methods[out].together for out, _ in block)
    begun = set[tuple[int, int]]()
    for number, group in enumerate(_groups(cells, numbered, count)):
        taken = [{cell: sign for cell, sign in one.items() if cell in group} for one in numbered]
        parts, taken = share(taken) if together else ({}, taken)
        for variable in [*group, *parts]:
            name = f"x{number}_{variable}"
            if variable in parts:
                part = parts[variable]
                sign = "+" if part.sign > 0 else "-"
                value = f"x{number}_{part.first} {sign} x{number}_{part.second}"
            else:
                source, column, row = cells[variable]
                place = source * own.step + column + (0 if stage.index else row * slot)
                value = f"r{row if stage.index else 0}[{place} + {f'{stride} * ' if stride > 1 else ''}i]"
            yield f"const uint32_t {name} = {value};"
            for target, one in zip(targets, taken, strict=True):
                if variable in one:
                    yield from _add(methods[target[0]], target, one[variable], name, target not in begun)
                    begun.add(target)
    for target in targets:
        if target not in begun:
            for kind, name, _, start in _halves(methods[target[0]], target, ""):
                yield f"const {kind} {name} = {start};"


def _groups(cells: list[Cell], numbered: list[dict[int, int]], count: int) -> list[list[int]]:
    """Put cells together that share parts: of several words those of a column, where kernels have the same pattern."""
    if count > 1:
        columns: dict[tuple[int, int], list[int]] = {}
        for number, (source, column, _) in enumerate(cells):
            columns.setdefault((source, column), []).append(number)
        return list(columns.values())
    return sorted(sorted(group) for group in groups(numbered, GROUP))


def _halves(method: Lanes, target: tuple[int, int], value: str) -> list[tuple[str, str, str, str]]:
    """Type, name, value and start of a sum, or of the two sums of lanes that do not fit a word."""
    name = f"{target[0]}_{target[1]}"
    if method.together:
        return [("uint32_t", f"a{name}", value, f"{method.start * 0x10001:#x}u")]
    kind, start = "int64_t" if method.wide else "int32_t", str(method.start)
    return [
        (kind, f"a{name}", f"(int32_t)({value} & 0xffffu)", start),
        (kind, f"b{name}", f"(int32_t)({value} >> 16)", start),
    ]


def _add(method: Lanes, target: tuple[int, int], sign: int, value: str, first: bool) -> Iterator[str]:
    mark = "+" if sign > 0 else "-"
    for kind, name, term, start in _halves(method, target, value):
        yield f"{kind} {name} = {start} {mark} {term};" if first else f"{name} {mark}= {term};"


def code(method: Lanes, out: int, word: int, clamp: tuple[int, int], line: str) -> str:
    """The codes of a channel's two pixels, in a word; `line` is where a short one's numbers stand."""
    name, bits = f"{out}_{word}", 64 if method.wide else 32
    floor = str(clamp[0]) if method.floor else f"NOT_REACHED({clamp[0]}, INT32_MIN)"
    ceiling = str(clamp[1]) if method.ceiling else f"NOT_REACHED({clamp[1]}, INT32_MAX)"
    if method.short:
        return f"SHORT(a{name}, {line}, {method.multiplier}, {method.constant}, {method.shift}, {floor}, {ceiling})"
    if method.together:
        low, high = f"(int{bits}_t)(a{name} & 0xffffu)", f"(int{bits}_t)(a{name} >> 16)"
    else:
        low, high = f"a{name}", f"b{name}"
    return f"codes{bits}({low}, {high}, {method.multiplier}, {method.constant}, {method.shift}, {floor}, {ceiling})"


def half(source: Source, zero_point: int, upper: bool, place: int) -> str:
    """One half of a word at a margin or a seam of a channel's row, which starts at that place."""
    if source is None:
        return f"{zero_point << 16 if upper else zero_point}u"
    word, high = source
    cell = f"out[{place + word}]"
    if upper:
        return f"({cell} & 0xffff0000u)" if high else f"{cell} << 16"
    return f"{cell} >> 16" if high else f"({cell} & 0xffffu)"


def schedule(numbers: Plan) -> tuple[Stage, ...]:
    """The stages as rows are made: those of the input have their padding above and below."""
    first, *others = numbers.stages
    height, padding = first.height + 2 * first.padding[0], (0, first.padding[1])
    return (dataclasses.replace(first, height=height, padding=padding), *others)


def context(numbers: Plan, slots: list[int]) -> dict[str, Any]:
    """What the template needs beside the plan.

    Args:
        numbers: the plan.
        slots: rows that each stage's ring holds, by `schedule`.
    """
    stages, layout = numbers.stages, maps(numbers.stages)
    methods = lane_methods(numbers)
    pool, first = stages[-1], layout[0].step * stages[0].channels
    tall = pool.height * 255 > LANE
    fields: list[Field] = [(pool.channels * layout[-1].made * (1 + tall), "uint32_t", "sums", "of the pool")]
    fields.append((2 * slots[0] * first, "uint32_t", "rows0", f"{slots[0]} rows of the input, twice"))
    for stage, own in zip(stages[1:-1], layout[1:], strict=False):
        rows, size = slots[stage.index], own.step * stage.channels
        fields.append((rows * size, "uint32_t", f"rows{stage.index}", f"{rows} rows before a convolution"))
        if stage.padding[0]:
            fields.append((size, "uint32_t", f"border{stage.index}", "a row of padding"))
    widths = {64 if method.wide else 32 for stage in methods for method in stage}
    return {
        "template": "packed", "fields": fields, "maps": layout, "methods": methods, "first_slot": first,
        "ring": slots[0] * first, "tall": tall, "widths": widths,
        "short": any(method.short for stage in methods for method in stage),
    }  # fmt: skip


FILTERS = {
    "packed_blocks": blocks, "packed_code": code, "packed_sums": sums, "half": half, "pointers": pointers,
    "lanes": lambda value: f"{value * 0x10001:#x}u", "takes_lines": takes_lines, "words": words,
    "together": lambda count: math.gcd(count, WORDS),
}  # fmt: skip
