"""The C expressions of `fast` that requantize: text for each form of `scaling`, and the constants that they take.

Constants of 16 bits stand in a table of their stage, which the code reads where that is shorter than to form them.
"""

from typing import Any

from harlib.integer.c.plan import Channel, Plan
from harlib.integer.c.scaling import Scaling, scalings

PLACES = 3  # of a channel in its stage's table: the start of its sum, its multiplier, and a power of two

Forms = tuple[Scaling, Scaling]  # of a channel, for processors with a rounded product and for those without
Block = list[tuple[int, Channel]]  # output channels with their numbers


def context(numbers: Plan) -> dict[str, Any]:
    """What the template needs to requantize: by stage the forms of its channels, and the helpers that they call."""
    forms = {
        stage.index: [
            scalings(channel, stage.layer.output_zero_point, stage.layer.clamp) for channel in stage.constants
        ]
        for stage in numbers.convolutions
        if stage.layer is not None
    }
    used = [form for stage in forms.values() for channel in stage for form in channel]
    helpers = {form.kind for form in used}
    helpers |= {"short" for form in used if form.short}
    helpers |= {"at_least" for form in used if form.floor}
    helpers |= {"at_most" for form in used if form.ceiling}
    return {"forms": forms, "helpers": helpers}


def starts(block: Block, forms: list[Forms]) -> dict[int, str]:
    """Where each channel's sum starts: a name of `constants`, or a number."""
    names = {place // PLACES: name for name, place, _ in constants(block, forms) if place % PLACES == 0}
    return {out: names.get(out, str(channel.start)) for out, channel in block}


def constants(block: Block, forms: list[Forms]) -> list[tuple[str, int, int]]:
    """Name, place in the table and value of a block's constants."""
    found = []
    for out, channel in block:
        form = forms[out][0]
        if form.short:
            moved = form.addend if form.kind == "shifted" else 0
            found.append((f"s{out}", PLACES * out, channel.start + moved))
            if form.kind != "shifted":
                found.append((f"m{out}", PLACES * out + 1, (form.multiplier + 2**15) % 2**16 - 2**15))
            if form.kind == "high":
                found.append((f"p{out}", PLACES * out + 2, 2 ** (15 - form.shift)))
    return found


def one_sided(block: Block, forms: list[Forms]) -> list[str]:
    """Constants that only the form with a rounded product takes."""
    return [
        name
        for name, place, _ in constants(block, forms)
        if place % PLACES and forms[place // PLACES][0] != forms[place // PLACES][1]
    ]


def table(forms: list[Forms], channels: tuple[Channel, ...]) -> list[int]:
    """A stage's constants, each in its place."""
    values = [0] * (PLACES * len(channels))
    for _, place, value in constants(list(enumerate(channels)), forms):
        values[place] = value
    return values


def short(forms: list[Forms], block: Block | None = None) -> bool:
    """Some channel of a stage, or of a block of it, is requantized in 16 bits."""
    return any(one.short for one, _ in ([forms[out] for out, _ in block] if block else forms))


def code(forms: Forms, numbered: tuple[int, Channel], accumulator: str, clamp: tuple[int, int]) -> str:
    """The expression of a channel's code; where another form suits processors without a rounded product, both."""
    (one, several), (out, channel) = forms, numbered
    if not one.short:
        return _general(one, channel, accumulator, clamp)
    text = _short(one, accumulator, f"m{out}", f"p{out}", clamp)
    if several == one:
        return text
    if not several.short:
        return f"ROUNDED({text}, {_general(several, channel, accumulator, clamp)})"
    return f"ROUNDED({text}, {_short(several, accumulator, str(several.multiplier), '1', clamp)})"


def _general(form: Scaling, channel: Channel, accumulator: str, clamp: tuple[int, int]) -> str:
    accumulator = f"(int16_t){accumulator}" if channel.narrow else accumulator  # so that sums stay in 16 bits
    return _clamped(form, f"{form.kind}_code({accumulator}, {form.multiplier}, {form.addend}, {form.shift})", clamp)


def _short(form: Scaling, accumulator: str, multiplier: str, power: str, clamp: tuple[int, int]) -> str:
    value = f"(int16_t)({accumulator} * {2**form.lift})" if form.lift else f"(int16_t){accumulator}"
    constants = {
        "shifted": f"{form.shift}",
        "rounded": multiplier,
        "averaged": multiplier,
        "high": f"(uint16_t){multiplier}, {form.shift}, {power}",
    }
    return _clamped(form, f"{form.kind}_code({value}, {constants[form.kind]}, zero)", clamp)


def _clamped(form: Scaling, text: str, clamp: tuple[int, int]) -> str:
    if form.floor:
        text = f"at_least({text}, {clamp[0]})"
    return f"at_most({text}, {clamp[1]})" if form.ceiling else text
