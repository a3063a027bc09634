"""Weights as data, 2 bits each: the least flash."""

from typing import Any

from harlib.integer.c.plan import Field, Plan

BATCH = 1
FILTERS: dict[str, Any] = {}


def context(numbers: Plan, slots: list[int]) -> dict[str, Any]:
    """What the template needs beside the plan; its rings hold as many rows as the kernel is high."""
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
    small = all(channel.multiplier < 2**16 for channel in numbers.channels)
    return {"fields": fields, "offsets": offsets, "multiplier_type": "uint16_t" if small else "int32_t"}
