"""Vector instructions: weights as code, over rows of 16-bit cells that a compiler turns into vectors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harlib.integer.c.plan import Channel, Field, Plan, Stage
from harlib.integer.c.scaling import Scaling, scalings
from harlib.integer.c.sharing import Part, Sum, groups, share

BLOCK = 8  # output channels whose sums are formed together
GROUP = 4  # cells that share parts of sums: with those of a block they fit 16 registers
BATCH = 4  # rows made at a time: more take more RAM, fewer fetch the code more often

Block = list[tuple[int, Channel]]
Cell = tuple[int, int, int]  # source channel, row and column below and right of the first one that is read


def context(numbers: Plan, slots: list[int]) -> dict[str, Any]:
    """What the template needs beside the plan.

    Args:
        numbers: the plan.
        slots: rows that each stage's ring holds.
    """
    forms = {
        stage.index: [
            scalings(channel, stage.layer.output_zero_point, stage.layer.clamp) for channel in stage.constants
        ]
        for stage in numbers.convolutions
        if stage.layer is not None
    }
    used = [form for stage in forms.values() for channel in stage for form in channel]
    helpers = {form.kind for form in used}
    helpers |= {"positive" for form in used if form.short}
    helpers |= {"lifted" for form in used if form.lift}
    helpers |= {"at_least" for form in used if form.floor}
    helpers |= {"at_most" for form in used if form.ceiling or form.top is not None}
    return {"template": "fast", "fields": _fields(numbers, slots), "forms": forms, "helpers": helpers}


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
        if stage.padding[0]:
            fields.append((stage.slot, "int16_t", f"border{stage.index}", "a row of padding"))
    lines = [BATCH * stage.channels * stage.width for stage in stages if stage.split and stage.index]
    if lines:
        fields.append((max(lines), "int16_t", "line", "rows before they are split by the stride"))
    # Rows of whole cache lines come first, so that all of theirs are aligned where the state is.
    return sorted(fields, key=lambda field: (field[1] != "uint32_t", field[0] % 32 != 0))


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
        for first in range(group, group + per_group, BLOCK):
            yield channels[first : min(first + BLOCK, group + per_group)]


def _together(stage: Stage) -> int:
    """Rows that a block forms at a time: several where a channel stands alone and its rows read the same cells."""
    assert stage.layer is not None
    alone = stage.layer.out_channels == stage.layer.groups
    return math.gcd(BATCH, stage.out_height) if alone and stage.kernel[0] > stage.stride[0] else 1


def _rows_read(block: Block, stage: Stage) -> list[int]:
    return sorted({row for _, _, terms in _accumulators(block, stage) for _, row, _ in terms})


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


def _sums(block: Block, stage: Stage) -> list[str]:
    """Statements that form a block's sums: a few cells at a time are read, added to each other, then to the sums."""
    lines, begun, stride = [], set[str](), stage.stride[1]
    for number, group in enumerate(_groups(block, stage)):
        for variable in [*group.cells, *group.parts]:
            if variable in group.parts:
                part = group.parts[variable]
                value = f"x{number}_{part.first} {_mark(part.sign)} x{number}_{part.second}"
                lines.append(f"const int32_t x{number}_{variable} = {value};")
            else:
                source, row, column = group.cells[variable]
                cell = source * stage.step + column % stride * stage.phase + column // stride
                lines.append(f"const int16_t x{number}_{variable} = r{row}[{cell} + i];")
            for name, start, terms in group.sums:
                if variable in terms:
                    begin = f"{name} {{}}=" if name in begun else f"int32_t {name} = {start} {{}}"
                    lines.append(f"{begin.format(_mark(terms[variable]))} x{number}_{variable};")
                    begun.add(name)
    starts = [(name, start) for name, start, _ in _accumulators(block, stage) if name not in begun]
    return lines + [f"const int32_t {name} = {start};" for name, start in starts]


def _short(block: Block, forms: list[list[Scaling]]) -> bool:
    """Some channel of the block is requantized in 16 bits."""
    return any(form.short for out, _ in block for form in forms[out])


def _mark(sign: int) -> str:
    return "+" if sign > 0 else "-"


def _code(forms: list[Scaling], name: str, clamp: tuple[int, int], narrow: bool) -> str:
    """The expression of a channel's code; where there is a form for processors without a rounded product, both."""
    texts = [_form(form, f"(int16_t){name}" if narrow else name, clamp) for form in forms]
    return texts[0] if len(texts) == 1 else f"ROUNDED({texts[0]}, {texts[1]})"


def _form(form: Scaling, value: str, clamp: tuple[int, int]) -> str:
    if form.short:
        value = f"positive({value}, zero)"
    if form.top is not None:
        value = f"at_most({value}, {form.top})"
    if form.lift:
        value = f"lifted({value}, {form.lift})"
    constants = "zero" if form.kind == "rounded" else f"{form.addend}, {form.shift}"
    text = f"{form.kind}_code({value}, {form.multiplier}, {constants})"
    if form.floor:
        text = f"at_least({text}, {clamp[0]})"
    return f"at_most({text}, {clamp[1]})" if form.ceiling else text


FILTERS = {
    "accumulator": _accumulator, "blocks": _blocks, "cell_type": _cell_type, "code": _code, "phases": _phases,
    "place": _place, "rows_read": _rows_read, "short": _short, "sums": _sums, "together": _together,
}  # fmt: skip
