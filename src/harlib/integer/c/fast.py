"""Vector instructions: weights as code, over rows of 16-bit cells that a compiler turns into vectors."""

from collections.abc import Iterator
from typing import Any

from harlib.integer.c.plan import Channel, Field, Plan, Stage

BLOCK = 8  # output channels whose sums are formed together
BATCH = 4  # rows made at a time: more take more RAM, fewer fetch the code more often


def context(numbers: Plan, slots: list[int]) -> dict[str, Any]:
    """What the template needs beside the plan.

    Args:
        numbers: the plan.
        slots: rows that each stage's ring holds.
    """
    helpers = set[str]().union(*(_helpers(channel) for channel in numbers.channels))
    return {"template": "fast", "fields": _fields(numbers, slots), "helpers": helpers}


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


def _sums(block: list[tuple[int, Channel]], stage: Stage) -> list[str]:
    """Statements that form a block's sums: each cell is read once, for all channels that need it."""
    users: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    for out, channel in block:
        for sign, source, row, column in channel.terms:
            users.setdefault((source, row, column), []).append((sign, out))
    starts = {
        out: channel.start + (channel.offset if channel.kind in ("halves", "unsigned") else 0) for out, channel in block
    }
    stride = stage.stride[1]
    lines, begun = [], set[int]()
    for number, (source, row, column) in enumerate(sorted(users)):
        cell = source * stage.step + column % stride * stage.phase + column // stride
        lines.append(f"const int16_t x{number} = r{row}[{cell} + i];")
        for sign, out in users[source, row, column]:
            mark = "+" if sign > 0 else "-"
            begin = f"a{out} {mark}=" if out in begun else f"int32_t a{out} = {starts[out]} {mark}"
            lines.append(f"{begin} x{number};")
            begun.add(out)
    return lines + [f"const int32_t a{out} = {starts[out]};" for out, _ in block if out not in begun]


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


FILTERS = {
    "blocks": _blocks, "cell_type": _cell_type, "code": _code, "phases": _phases, "place": _place,
    "rows_read": _rows_read, "sums": _sums,
}  # fmt: skip
