"""Two pixels of a row in one 32-bit word, for microcontrollers: where each pixel lies, and what a lane may hold.

Word x of a row holds the columns x (low half) and x + distance (high half). Both lanes of a tap then have the same
offset, and one 32-bit addition or subtraction works on both. A sum may pass through any value on its way: only its end
must lie in 0..65535 in each lane, since arithmetic modulo 2^32 is exact. The distance of a map is its consumer's stride
times the distance of the consumer's output. Where a tap crosses a margin or the seam between the halves, it reads words
that `seams` fills after a row is made.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from harlib.integer.c.plan import INT32, Channel, Field, Plan, Stage

LANE = 2**16 - 1
BATCH = 1
BLOCK = 8  # output channels whose sums are formed together: as many as there are registers for
Source = tuple[int, bool] | None  # word and whether its high half; None is padding


@dataclass(frozen=True)
class Map:
    """The rows before a stage. Words are counted from the first column; the margin's are negative."""

    width: int
    distance: int
    made: int  # words that the producer makes
    margin: int  # words before them
    step: int  # words a channel's row takes, margins included

    def source(self, column: int) -> Source:
        """Where a column stands after its row is made."""
        if not 0 <= column < self.width:
            return None
        return (column, False) if column < self.made else (column - self.distance, True)

    @property
    def seams(self) -> list[tuple[int, Source, Source]]:
        """Words to be filled after a row is made: place in the row, what its halves hold."""
        found = []
        for word in range(-self.margin, self.step - self.margin):
            low, high = self.source(word), self.source(word + self.distance)
            inside = 0 <= word < self.made
            if (inside and high is None) or (not inside and (low or high)):
                found.append((word, low, high))
        return found

    @property
    def segments(self) -> list[tuple[int, int, bool, bool]]:
        """Runs of words of an input row: first word, how many, and whether each half is a column or padding."""
        runs: list[tuple[int, int, bool, bool]] = []
        for word in range(-self.margin, self.step - self.margin):
            low, high = (0 <= column < self.width for column in (word, word + self.distance))
            if runs and runs[-1][2:] == (low, high):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, low, high)
            else:
                runs.append((word, 1, low, high))
        return runs


def maps(stages: tuple[Stage, ...]) -> list[Map]:
    """Lay out the rows before each stage, from the last one backward."""
    last = stages[-1]
    half = -(-last.width // 2)
    found = [Map(last.width, half, half, 0, half)]
    for stage in reversed(stages[:-1]):
        distance = stage.stride[1] * found[0].distance
        made = max(min(distance, stage.width), stage.width - distance)
        margin = stage.padding[1]
        read = stage.stride[1] * (found[0].made - 1) + stage.kernel[1]
        if stage.index == 0:
            made = read - margin
        found.insert(0, Map(stage.width, distance, made, margin, max(margin + made, read)))
    return found


@dataclass(frozen=True)
class Lanes:
    """How a channel is computed. t = u * multiplier + constant, where u is what the sum gives for a pixel."""

    start: int  # of the sum
    multiplier: int
    constant: int
    shift: int
    together: bool  # both lanes in one word: proven that u stays in 0..65535
    short: bool  # u and the multiplier are below 2^15: some machines multiply halves of words
    wide: bool  # t needs 64 bits
    floor: bool  # t can be below the lower clamp
    ceiling: bool  # t can be above the upper clamp


def lanes(channel: Channel, codes: tuple[int, int], clamp: tuple[int, int]) -> Lanes:
    """Prove how a channel can be computed.

    Args:
        channel: of a plan.
        codes: the lowest and the highest input code, padding included. Any mixture of them and padding is covered, so
            also a lane beyond the map, whose result nobody reads.
        clamp: of the layer.
    """
    positive = sum(sign > 0 for sign, *_ in channel.terms)
    negative = len(channel.terms) - positive
    lower = positive * codes[0] - negative * codes[1]
    upper = positive * codes[1] - negative * codes[0]
    base = -(min(lower, 0) // 256) * 256  # a constant 0xXX00XX00 is part of an instruction on Arm
    together = base + upper <= LANE
    start = base if together else channel.start
    ends = (start + lower, start + upper)
    multiplier, shift = channel.multiplier, channel.shift
    constant = channel.constant + (channel.start - start) * multiplier
    while multiplier >= 2**15 and shift > 1 and multiplier % 2 == 0 and constant % 2 == 0:
        multiplier, constant, shift = multiplier // 2, constant // 2, shift - 1
    short = together and ends[1] < 2**15 and multiplier < 2**15
    products = [end * multiplier for end in ends]
    wide = max(map(abs, [*products, constant, *(product + constant for product in products)])) > INT32
    code = [(product + constant) >> shift for product in products]
    return Lanes(start, multiplier, constant, shift, together, short, wide, code[0] < clamp[0], code[1] > clamp[1])


def lane_methods(numbers: Plan) -> list[list[Lanes]]:
    """How each convolution's channels can be computed."""
    methods, codes = [], (0, 255)
    for stage in numbers.convolutions:
        assert stage.layer is not None
        reach = (min(codes[0], stage.zero_point), max(codes[1], stage.zero_point))
        methods.append([lanes(channel, reach, stage.layer.clamp) for channel in stage.constants])
        codes = stage.layer.clamp
    return methods


Block = list[tuple[int, Channel]]


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


def pointers(block: Block, stage: Stage, call: bool = False) -> str:
    """The row pointers of a block's function, as its parameters or its arguments."""
    rows = sorted({row if stage.index else 0 for _, channel in block for _, _, row, _ in channel.terms})
    return "".join(f"rows[{row}], " if call else f"const uint32_t *r{row}, " for row in rows)


def sums(block: Block, stage: Stage, methods: list[Lanes], own: Map, slot: int) -> list[str]:
    """Statements that form a block's sums for word i: each input is read once."""
    users: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    for out, channel in block:
        for sign, source, row, column in channel.terms:
            users.setdefault((source, row, column), []).append((sign, out))
    lines, begun = [], set[int]()
    step = f" + {stage.stride[1]} * i" if stage.stride[1] > 1 else " + i"
    for number, (source, row, column) in enumerate(sorted(users)):
        cell = source * own.step + column + (row * slot if stage.index == 0 else 0)
        lines.append(f"const uint32_t x{number} = r{0 if stage.index == 0 else row}[{cell}{step}];")
        for sign, out in users[source, row, column]:
            if methods[out].together:
                values = [("uint32_t", f"a{out}", f"x{number}", f"{methods[out].start * 0x10001:#x}u")]
            else:
                kind, start = "int64_t" if methods[out].wide else "int32_t", str(methods[out].start)
                values = [
                    (kind, f"a{out}", f"(int32_t)(x{number} & 0xffffu)", start),
                    (kind, f"b{out}", f"(int32_t)(x{number} >> 16)", start),
                ]
            sign_text = "+" if sign > 0 else "-"
            for kind, name, value, start in values:
                if out in begun:
                    lines.append(f"{name} {sign_text}= {value};")
                else:
                    lines.append(f"{kind} {name} = {start} {sign_text} {value};")
            begun.add(out)
    for out, _ in block:
        if out not in begun:
            method = methods[out]
            kind = "uint32_t" if method.together else "int64_t" if method.wide else "int32_t"
            start = f"{method.start * 0x10001:#x}u" if method.together else str(method.start)
            lines += [f"const {kind} {name}{out} = {start};" for name in ("a" if method.together else "ab")]
    return lines


def code(method: Lanes, out: int, clamp: tuple[int, int]) -> str:
    """The codes of a channel's two pixels, in a word."""
    bits = 64 if method.wide else 32
    if method.short:
        low, high = f"LOW(a{out})", f"HIGH(a{out})"
    elif method.together:
        low, high = f"(int{bits}_t)(a{out} & 0xffffu)", f"(int{bits}_t)(a{out} >> 16)"
    else:
        low, high = f"a{out}", f"b{out}"
    floor = str(clamp[0]) if method.floor else f"NOT_REACHED({clamp[0]}, INT32_MIN)"
    ceiling = str(clamp[1]) if method.ceiling else f"NOT_REACHED({clamp[1]}, INT32_MAX)"
    return f"codes{bits}({low}, {high}, {method.multiplier}, {method.constant}, {method.shift}, {floor}, {ceiling})"


def half(source: Source, zero_point: int, upper: bool) -> str:
    """One half of a word that `seams` fills."""
    if source is None:
        return f"{zero_point << 16 if upper else zero_point}u"
    word, high = source
    if upper:
        return f"(row[{word}] & 0xffff0000u)" if high else f"row[{word}] << 16"
    return f"row[{word}] >> 16" if high else f"(row[{word}] & 0xffffu)"


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
    "lanes": lambda value: f"{value * 0x10001:#x}u",
}  # fmt: skip
