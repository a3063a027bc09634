"""Vector instructions: weights as code, over rows of 16-bit cells that a compiler turns into vectors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harlib.integer.c import codes
from harlib.integer.c.codes import Block, Forms
from harlib.integer.c.plan import Field, Plan, Stage
from harlib.integer.c.sharing import Part, Sum, groups, share

BLOCK = 11  # output channels whose sums are formed together: most of them fit 16 registers
WIDE_BLOCK = 16  # the same where a kernel reads many cells of few channels, so that parts of sums save more
ALIGNMENT = 16  # bytes, of the state
GROUP = 5  # cells that share parts of sums
BATCH = 4  # rows made at a time: more take more RAM, fewer fetch the code more often

Cell = tuple[int, int, int]  # source channel, row and column below and right of the first one that is read


def context(numbers: Plan, slots: list[int]) -> dict[str, Any]:
    """What the template needs beside the plan.

    Args:
        numbers: the plan.
        slots: rows that each stage's ring holds.
    """
    requantize = codes.context(numbers)
    zeros = [stage.slot for stage in numbers.convolutions if stage.padding[0] and not stage.zero_point]
    zeros += [stage.out_width for stage in numbers.convolutions if codes.short(requantize["forms"][stage.index])]
    return requantize | {
        "template": "fast", "fields": _fields(numbers, slots), "zeros": max(zeros, default=0),
    }  # fmt: skip


def first_rows(numbers: Plan) -> list[int]:
    """Rows that each stage makes the first time, the input's first: as many as the next stage needs to begin.

    Later a stage makes as many rows as the next one uses up, so none are kept in its ring that are not needed yet.
    """
    first = [BATCH] * len(numbers.stages)
    for stage in reversed(numbers.stages[1:-1]):
        maker = numbers.stages[stage.index - 1]
        if stage.kernel[0] > stage.stride[0] and _together(maker) == 1:
            first[stage.index] = stage.needed(first[stage.index + 1]) + 1
    return first


def additions(stage: Stage) -> float:
    """Additions and subtractions for one output position of a convolution, of all its channels."""
    count = 0
    for block in _blocks(stage):
        for group in _groups(block, stage):
            count += len(group.parts) + sum(len(terms) for _, _, terms in group.sums)
    return count / _together(stage)


def _fields(numbers: Plan, slots: list[int]) -> list[Field]:
    *stages, pool = numbers.stages
    fields = [(pool.channels * pool.width, _cell_type(pool), "sums", "of the pool, by channel and column")]
    for stage in stages:
        rows = slots[stage.index]
        fields.append((rows * stage.slot, "int16_t", f"rows{stage.index}", f"{rows} rows before a convolution"))
        if stage.padding[0] and stage.zero_point:
            fields.append((stage.slot, "int16_t", f"border{stage.index}", "a row of padding"))
    begun = first_rows(numbers)
    lines = [
        max(BATCH, begun[stage.index]) * stage.channels * stage.width for stage in stages if stage.split and stage.index
    ]
    if lines:
        fields.append((max(lines), "int16_t", "line", "rows before they are split by the stride"))
    # Those of whole vectors come first, so that all of theirs are aligned where the state is.
    bytes_of = {"uint32_t": 4}
    return sorted(
        fields, key=lambda field: (field[0] * bytes_of.get(field[1], 2) % ALIGNMENT != 0, field[1] != "uint32_t")
    )


def _cell_type(stage: Stage) -> str:
    if stage.layer is not None:
        return "int16_t"
    return "uint16_t" if stage.height * 255 < 2**16 else "uint32_t"


def _blocks(stage: Stage) -> Iterator[Block]:
    """Take the channels of a group some at a time: those that read the same cells."""
    assert stage.layer is not None
    per_group = stage.layer.out_channels // stage.layer.groups
    channels = list(enumerate(stage.constants))
    for group in range(0, len(channels), per_group):
        count = -(-per_group // (WIDE_BLOCK if stage.kernel != (1, 1) else BLOCK))
        ends = [group + per_group * i // count for i in range(count + 1)]
        yield from (channels[first:last] for first, last in pairwise(ends))


def _together(stage: Stage) -> int:
    """Rows that a block forms at a time: several where a channel stands alone and its rows read the same cells."""
    assert stage.layer is not None
    alone = stage.layer.out_channels == stage.layer.groups
    return math.gcd(BATCH, stage.out_height) if alone and stage.kernel[0] > stage.stride[0] else 1


def _rows_read(block: Block, stage: Stage) -> list[int]:
    return sorted({row for _, _, terms in _accumulators(block, stage) for _, row, _ in terms})


def _phases(stage: Stage) -> Iterator[tuple[int, int, int, int]]:
    """For each remainder by the stride: where its cells start, those of padding, its first column, how many it has."""
    stride, padding = stage.stride[1], stage.padding[1]
    for phase in range(stride):
        first = (phase - padding) % stride
        yield phase * stage.phase, (padding + first) // stride, first, max(0, -(-(stage.width - first) // stride))


def _loops(stage: Stage) -> dict[int, list[tuple[int, int]]]:
    """How a row is taken apart: by number of cells, where those of a remainder go to and their first column."""
    loops: dict[int, list[tuple[int, int]]] = {}
    for start, before, first, count in _phases(stage):
        loops.setdefault(count, []).append((start + before, first))
    return {count: pairs for count, pairs in loops.items() if count}


def _margins(stage: Stage) -> list[tuple[int, int]]:
    """Cells of padding of a channel: where they start, and how many."""
    if not stage.split:
        return [(0, stage.gap)]
    found = []
    for phase, (start, before, _, count) in enumerate(_phases(stage)):
        read = -(-(stage.width + 2 * stage.padding[1] - phase) // stage.stride[1])
        found += [(start, before), (start + before + count, read - before - count)]
    return [(start, count) for start, count in found if count > 0]


def _place(stage: Stage, channel: int) -> int:
    if stage.layer is None or stage.split:
        return channel * stage.width
    return channel * stage.step + stage.gap


def _accumulator(out: int, below: int, stage: Stage) -> str:
    return f"a{out}_{below}" if _together(stage) > 1 else f"a{out}"


def _accumulators(block: Block, stage: Stage) -> list[tuple[str, int, dict[Cell, int]]]:
    """Name, start and signs by cell of what a block forms: a channel's row, and those below that come with it."""
    return [
        (
            _accumulator(out, below, stage),
            channel.start,
            {(source, row + stage.stride[0] * below, column): sign for sign, source, row, column in channel.terms},
        )
        for out, channel in block
        for below in range(_together(stage))
    ]


@dataclass(frozen=True)
class _Group:
    """Cells that are read together, the parts that they form, and what each sum takes of both."""

    cells: dict[int, Cell]
    parts: dict[int, Part]
    sums: list[tuple[str, int, Sum]]  # name, start, signs by variable


def _groups(block: Block, stage: Stage) -> list[_Group]:
    accumulators = _accumulators(block, stage)
    cells = sorted(set[Cell]().union(*(terms for _, _, terms in accumulators)))
    numbers = {cell: number for number, cell in enumerate(cells)}
    sums = [{numbers[cell]: sign for cell, sign in terms.items()} for _, _, terms in accumulators]
    result = []
    for group in groups(sums, GROUP):
        parts, shared = share([{cell: sign for cell, sign in one.items() if cell in group} for one in sums])
        taken = [(name, start, terms) for (name, start, _), terms in zip(accumulators, shared, strict=True)]
        result.append(_Group({number: cells[number] for number in group}, parts, taken))
    return result


def _sums(block: Block, stage: Stage, forms: list[Forms]) -> list[str]:
    """Statements that form a block's sums: a few cells at a time are read, added to each other, then to the sums."""
    lines, begun, stride = [], set[str](), stage.stride[1]
    first = {
        _accumulator(out, below, stage): start
        for out, start in codes.starts(block, forms).items()
        for below in range(_together(stage))
    }
    for number, group in enumerate(_groups(block, stage)):
        for variable in [*group.cells, *group.parts]:
            if variable in group.parts:
                part = group.parts[variable]
                value = f"x{number}_{part.first} {_mark(part.sign)} x{number}_{part.second}"
                lines.append(f"const int32_t x{number}_{variable} = {value};")
            else:
                source, row, column = group.cells[variable]
                start = 0 if stage.split else stage.gap - stage.padding[1]
                cell = source * stage.step + start + column % stride * stage.phase + column // stride
                lines.append(f"const int16_t x{number}_{variable} = r{row}[{cell} + i];")
            for name, _, terms in group.sums:
                if variable in terms:
                    begin = f"{name} {{}}=" if name in begun else f"int32_t {name} = {first[name]} {{}}"
                    lines.append(f"{begin.format(_mark(terms[variable]))} x{number}_{variable};")
                    begun.add(name)
    return lines + [f"const int32_t {name} = {start};" for name, start in first.items() if name not in begun]


def _mark(sign: int) -> str:
    return "+" if sign > 0 else "-"


FILTERS = {
    "accumulator": _accumulator, "blocks": _blocks, "cell_type": _cell_type, "code": codes.code,
    "constants": codes.constants, "loops": _loops, "margins": _margins, "one_sided": codes.one_sided,
    "place": _place, "rows_read": _rows_read, "short": codes.short, "stage_table": codes.table, "sums": _sums,
    "together": _together,
}  # fmt: skip
