"""What the C code of a model needs to know: sizes of its buffers, constants of its channels, and how wide each may be.

Both back ends work row by row. Each convolution reads a ring of as many input rows as its kernel is high; a row holds
all channels, with padding on both sides. So a whole map is never stored.
"""

from dataclasses import dataclass

import numpy as np

from harlib.integer.layers import Conv2d
from harlib.integer.model import IntegerModel, Site, accumulator_bounds
from harlib.integer.requantize import product_range

INT16, INT32 = 2**15 - 1, 2**31 - 1
VECTOR = 16  # cells

Field = tuple[int, str, str, str]  # of the state: cells, type, name, meaning


@dataclass(frozen=True)
class Channel:
    """One output channel.

    The accumulator that C computes starts at `start` and adds w * x, x uncentred: start = bias - zero_point * sum w.
    """

    start: int
    constant: int  # (output_zero_point << shift) + 2^(shift - 1)
    multiplier: int
    shift: int
    lower: int  # no accumulator is below
    upper: int  # or above
    narrow: bool  # the accumulator and all sums on its way fit 16 bits
    wide: bool  # its requantization as the format defines it may need 64 bits
    terms: tuple[tuple[int, int, int, int], ...]  # sign, input channel, row and column of the kernel


@dataclass(frozen=True)
class Stage:
    """A convolution, or the rows before the pool (layer None: a kernel of one row that nothing reads)."""

    index: int
    layer: Conv2d | None
    channels: int
    height: int
    width: int
    out_height: int
    out_width: int
    zero_point: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    constants: tuple[Channel, ...] = ()

    @property
    def phase(self) -> int:
        """Cells a phase: `fast` keeps the columns of equal remainder by the stride together, in whole vectors."""
        width = self.width + 2 * self.padding[1] if self.split else self.width
        return self.gap + _whole(-(-width // self.stride[1]))

    @property
    def gap(self) -> int:
        """Cells before each channel and after the last in `fast`, the padding of those on both sides of it."""
        return 0 if self.split else _whole(2 * self.padding[1])

    @property
    def step(self) -> int:
        """Cells a channel in `fast`."""
        return self.phase * self.stride[1]

    @property
    def slot(self) -> int:
        """Cells a row of all channels in `fast`."""
        return self.step * self.channels + self.gap

    @property
    def padded(self) -> bool:
        """There is padding."""
        return any(self.padding)

    @property
    def split(self) -> bool:
        """A row comes from the input or must be taken apart by the stride, in `fast`."""
        return self.layer is not None and (self.index == 0 or self.stride[1] > 1)

    def needed(self, batch: int) -> int:
        """The last input row that the first `batch` output rows read."""
        return min((batch - 1) * self.stride[0] + self.kernel[0] - 1 - self.padding[0], self.height - 1)

    @property
    def line(self) -> int:
        """Cells a channel in `compact`."""
        return self.width + 2 * self.padding[1]


@dataclass(frozen=True)
class Plan:
    """All of a model."""

    model: IntegerModel
    stages: tuple[Stage, ...]
    wide: bool  # a number of a requantization may need 64 bits
    wide_pool: bool

    @property
    def channels(self) -> list[Channel]:
        """The output channels of all convolutions."""
        return [channel for stage in self.stages for channel in stage.constants]

    @property
    def padded(self) -> bool:
        """Some convolution has padding."""
        return any(stage.padded for stage in self.stages)

    @property
    def convolutions(self) -> tuple[Stage, ...]:
        """The stages with a convolution."""
        return self.stages[:-1]


def plan(model: IntegerModel) -> Plan:
    """Work out a model's plan; all bounds are exact, from the model's proven intervals."""
    stages: list[Stage] = []
    for site in model.sites():
        layer, (channels, height, width), _ = site
        if isinstance(layer, Conv2d):
            out_height, out_width = layer.output_size((height, width))
            constants = _channels(site)
            stages.append(
                Stage(
                    len(stages), layer, channels, height, width, out_height, out_width, layer.input_zero_point,
                    layer.kernel, layer.stride, layer.padding, constants,
                )
            )  # fmt: skip
        elif layer is model.pool:
            stages.append(Stage(len(stages), None, channels, height, width, 1, 1, layer.input_zero_point))
            lower, upper = (int(bound[0]) for bound in accumulator_bounds(site))
            ends = product_range(lower, upper, model.pool.multiplier, model.pool.shift, layer.input_zero_point)
            wide_pool = not _fits(ends)
    return Plan(model, tuple(stages), any(channel.wide for stage in stages for channel in stage.constants), wide_pool)


def ring_rows(stages: tuple[Stage, ...], batch: int, first: list[int] | None = None) -> list[int]:
    """How many rows each stage's ring must hold, found by going through the schedule of the C code.

    Args:
        stages: of a plan.
        batch: rows that a stage makes at a time.
        first: rows that each stage makes the first time, stage 0 being the input (default: batch).
    """
    last = len(stages) - 1
    first = first or [batch] * len(stages)
    made, slots = [0] * len(stages), [1] * len(stages)
    needed = [stage.needed(count) for stage, count in zip(stages, [*first[1:], batch], strict=True)]
    while made[last] < stages[last].height:
        index = last
        while index > 0 and made[index - 1] <= needed[index - 1]:
            index -= 1
        made[index] += min(batch if made[index] else first[index], stages[index].height - made[index])
        if index < last:
            oldest = max(0, made[index + 1] * stages[index].stride[0] - stages[index].padding[0])
            slots[index] = max(slots[index], made[index] - oldest)
        if index > 0:
            before = stages[index - 1]
            needed[index - 1] = min(needed[index - 1] + batch * before.stride[0], before.height - 1)
    return slots


def terms(model: IntegerModel) -> int:
    """Count the weights of the convolutions that are not 0."""
    return sum(int(np.count_nonzero(layer.weights)) for layer in model.convolutions)


def _channels(site: Site) -> tuple[Channel, ...]:
    layer, _, codes = site
    assert isinstance(layer, Conv2d)
    weights = layer.weights
    bounds = zip(*(bound.tolist() for bound in accumulator_bounds(site)), strict=True)
    # The sums that C forms on its way are uncentred, in any order: from all negative taps to all positive ones.
    largest = max(codes[1], layer.input_zero_point)
    result = []
    for out, (lower, upper) in enumerate(bounds):
        multiplier, shift = layer.multiplier[out], layer.shift[out]
        constant = (layer.output_zero_point << shift) + (1 << (shift - 1))
        start = layer.bias[out] - layer.input_zero_point * int(weights[out].sum())
        reach = largest * max(int((weights[out] == sign).sum()) for sign in (-1, 1))
        wide = not _fits(product_range(lower, upper, multiplier, shift, layer.output_zero_point))
        per_group, first = layer.out_channels // layer.groups, layer.in_channels // layer.groups
        terms = tuple(
            (int(weights[out, i, row, column]), out // per_group * first + i, row, column)
            for i, row, column in np.argwhere(weights[out]).tolist()
        )
        result.append(
            Channel(start, constant, multiplier, shift, lower, upper, abs(start) + reach <= INT16, wide, terms)
        )
    return tuple(result)


def _whole(cells: int) -> int:
    return -(-cells // VECTOR) * VECTOR


def _fits(ends: tuple[int, int]) -> bool:
    return ends[0] >= -INT32 and ends[1] <= INT32
