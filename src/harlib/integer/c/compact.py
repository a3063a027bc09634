"""Weights as data, 2 bits each: the least flash.

Rows lie as in `packed`, two pixels in a word, where `context` can prove that each layer's sums fit; else, one pixel a
byte and sums of 32 bits ("compact_scalar").
"""

import dataclasses
from typing import Any

from harlib.integer.c.lanes import LANE, lane_methods
from harlib.integer.c.layout import Map, maps
from harlib.integer.c.plan import Field, Plan

BATCH = 1
CHUNK = 8  # words summed up at a time: as many as there are registers for
FILTERS: dict[str, Any] = {}


def context(numbers: Plan, slots: list[int]) -> dict[str, Any]:
    """What the template needs beside the plan; its rings hold as many rows as the kernel is high."""
    small = all(channel.multiplier < 2**16 for channel in numbers.channels)
    common = {"multiplier_type": "uint16_t" if small else "int32_t"}
    return common | (_words(numbers) if fits(numbers) else _bytes(numbers))


def fits(numbers: Plan) -> bool:
    """Whether two pixels can share a word everywhere, and only the first layer has a horizontal stride."""
    layout = maps(numbers.stages)
    return (
        all(method.together and not method.wide for methods in lane_methods(numbers) for method in methods)
        and all(stage.stride[1] == 1 for stage in numbers.convolutions[1:])
        and all(own.made >= own.distance for own in layout[1:])
        and numbers.stages[-1].height * 255 <= LANE
        and all(own.step * stage.channels < 2**14 for own, stage in zip(layout, numbers.stages, strict=True))
    )


def _words(numbers: Plan) -> dict[str, Any]:
    words = [-(-own.made // CHUNK) * CHUNK for own in maps(numbers.stages)]
    first, *convolutions = numbers.convolutions
    stride = first.stride[1]
    phase = words[1] + (first.kernel[1] - 1) // stride
    columns = [[j % stride * phase + j // stride for j in range(first.kernel[1])]]
    layout: list[Map] = []
    for stage, own in zip(numbers.stages, maps(numbers.stages), strict=True):
        if stage.index == 0:
            step = stride * phase
        elif stage.layer is None:
            step = words[-1]
        else:
            step = max(own.margin + words[stage.index], words[stage.index + 1] - 1 + stage.kernel[1])
        layout.append(dataclasses.replace(own, step=step))
    columns += [list(range(stage.kernel[1])) for stage in convolutions]
    offsets, end = [], 0
    for stage, own in zip(numbers.convolutions, layout, strict=False):
        size = own.step * stage.channels
        offsets.append((end, end + stage.kernel[0] * size if stage.padding[0] else 0))
        end += (stage.kernel[0] + (stage.padding[0] > 0)) * size
    layers = [stage.layer for stage in numbers.convolutions if stage.layer]
    taps = max(layer.in_channels // layer.groups * layer.kernel[0] * layer.kernel[1] for layer in layers)
    clamps = {layer.clamp for layer in layers}
    sums = numbers.stages[-1].channels * words[-1]
    fields: list[Field] = [
        (sums, "uint32_t", "sums", "of the pool"),
        (sums, "uint32_t", "line", "the last convolution's row"),
        (taps, "int32_t", "places", "where each tap of a group reads"),
        (taps, "int32_t", "taps", "those that a channel adds, and those that it subtracts"),
        (end, "uint32_t", "words", "rows before each layer"),
    ]
    return {
        "template": "compact", "fields": fields, "offsets": offsets, "maps": layout, "words": words, "taps": taps,
        "columns": columns, "phase": phase, "methods": lane_methods(numbers), "chunk": CHUNK,
        "clamp": clamps.pop() if len(clamps) == 1 else None,
        "shifts": all(channel.multiplier.bit_count() == 1 for channel in numbers.channels),
    }  # fmt: skip


def _bytes(numbers: Plan) -> dict[str, Any]:
    offsets, end = [], 0
    for stage in numbers.stages:
        cells = stage.line * stage.channels
        offsets.append((end, end + stage.kernel[0] * cells if stage.padding[0] else 0))
        end += (stage.kernel[0] + (stage.padding[0] > 0)) * cells
    width = max(stage.out_width for stage in numbers.stages)
    fields: list[Field] = [
        (width, "int32_t", "sums", "of a channel's row"),
        (numbers.stages[-1].channels, "uint32_t", "pool", "sums of the pool"),
        (end, "uint8_t", "cells", "rows before each layer"),
    ]
    return {"template": "compact_scalar", "fields": fields, "offsets": offsets}
