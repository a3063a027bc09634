"""Exact bounds of a ternary layer's accumulators, and a layer input that attains each of them.

A convolution's tap adds w * (x - zero_point); where the tap lies on padding, x is the zero point and it adds 0. Taps
are free of each other within one output position, so the bound of a position is the sum of its taps' bounds, and it is
attained. Positions differ only in which taps lie inside the map: a few kinds of rows times a few kinds of columns.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int8, Int64, UInt8

Region = Literal["all", "interior", "border"]  # of output positions: those of the interior have no tap on padding


@dataclass(frozen=True)
class Geometry:
    """How a kernel moves over a map; a linear layer is a 1 x 1 kernel on a 1 x 1 map."""

    size: tuple[int, int]  # height and width of the input map
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1

    def output_size(self, kernel: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output map; below 1 if the kernel does not fit."""
        h, w = (
            (size + 2 * padding - taps) // stride + 1
            for size, padding, taps, stride in zip(self.size, self.padding, kernel, self.stride, strict=True)
        )
        return h, w


def regions(weight: Int8[np.ndarray, "out in_per_group kh kw"], geometry: Geometry) -> list[Region]:
    """The regions, interior and border, that have an output position."""
    rows, columns = _valid_taps(weight, geometry)
    parts: tuple[Region, ...] = ("interior", "border")
    return [region for region in parts if _positions(rows, columns, region).any()]


def accumulator_interval(
    weight: Int8[np.ndarray, "out in_per_group kh kw"],
    geometry: Geometry,
    codes: tuple[int, int],
    zero_point: int,
    region: Region = "all",
) -> tuple[Int64[np.ndarray, " out"], Int64[np.ndarray, " out"]]:
    """Lowest and highest sum of w * (x - zero_point) of every output channel, over all positions; both are attained.

    Args:
        weight: ternary weights, -1, 0 or 1.
        geometry: how the kernel moves.
        codes: lowest and highest input code, 0..255; every input may take any code between.
        zero_point: the code of real 0, which is also the padding.
        region: which positions; one that `regions` names.

    >>> weight = np.array([[[[1, -1, 0]]]], np.int8)
    >>> accumulator_interval(weight, Geometry(size=(1, 9)), codes=(0, 255), zero_point=10)
    (array([-255]), array([255]))
    """
    lowest, highest = _tap_bounds(weight, codes, zero_point)
    rows, columns = (np.unique(side, axis=0) for side in _valid_taps(weight, geometry))
    where = _positions(rows, columns, region)
    return (
        _position_sums(lowest.sum(axis=1), rows, columns)[:, where].min(axis=1),
        _position_sums(highest.sum(axis=1), rows, columns)[:, where].max(axis=1),
    )


def extreme_input(
    weight: Int8[np.ndarray, "out in_per_group kh kw"],
    geometry: Geometry,
    codes: tuple[int, int],
    zero_point: int,
    channel: int,
    upper: bool,
    region: Region = "all",
) -> tuple[UInt8[np.ndarray, "channels h w"], tuple[int, int]]:
    """Make a layer input that attains a channel's bound, and say at which output position (row, column).

    Args:
        weight, geometry, codes, zero_point, region: as in `accumulator_interval`.
        channel: the output channel.
        upper: the highest accumulator, or else the lowest.
    """
    rows, columns = _valid_taps(weight, geometry)
    bounds = _tap_bounds(weight[channel : channel + 1], codes, zero_point)
    sums = _position_sums(bounds[int(upper)].sum(axis=1), rows, columns)[0]
    places = np.argwhere(_positions(rows, columns, region))
    held = sums[tuple(places.T)]
    row, column = places[held.argmax() if upper else held.argmin()].tolist()

    out, in_per_group, kernel_h, kernel_w = weight.shape
    low, high = codes
    padded = np.full(
        (
            in_per_group * geometry.groups,
            geometry.size[0] + 2 * geometry.padding[0],
            geometry.size[1] + 2 * geometry.padding[1],
        ),
        min(max(zero_point, low), high),
        np.uint8,
    )
    first = channel // (out // geometry.groups) * in_per_group
    top, left = row * geometry.stride[0], column * geometry.stride[1]
    field = np.where((weight[channel] > 0) == upper, high, low)
    padded[first : first + in_per_group, top : top + kernel_h, left : left + kernel_w] = field
    inside = tuple(slice(margin, margin + size) for margin, size in zip(geometry.padding, geometry.size, strict=True))
    return padded[:, *inside], (row, column)


def _tap_bounds(
    weight: Int8[np.ndarray, "out in_per_group kh kw"], codes: tuple[int, int], zero_point: int
) -> tuple[Int64[np.ndarray, "out in_per_group kh kw"], Int64[np.ndarray, "out in_per_group kh kw"]]:
    ends = [weight.astype(np.int64) * (code - zero_point) for code in codes]
    return np.minimum(*ends), np.maximum(*ends)


def _valid_taps(
    weight: Int8[np.ndarray, "out in_per_group kh kw"], geometry: Geometry
) -> tuple[Bool[np.ndarray, "rows kh"], Bool[np.ndarray, "columns kw"]]:
    sides = zip(geometry.size, weight.shape[2:], geometry.stride, geometry.padding, strict=True)
    rows, columns = (_inside(*side) for side in sides)
    return rows, columns


def _inside(size: int, kernel: int, stride: int, padding: int) -> Bool[np.ndarray, "positions taps"]:
    starts = np.arange(-padding, size + padding - kernel + 1, stride)
    taps = starts[:, None] + np.arange(kernel)
    inside: Bool[np.ndarray, "positions taps"] = (taps >= 0) & (taps < size)
    return inside


def _positions(
    rows: Bool[np.ndarray, "rows kh"], columns: Bool[np.ndarray, "columns kw"], region: Region
) -> Bool[np.ndarray, "rows columns"]:
    interior: Bool[np.ndarray, "rows columns"] = np.logical_and.outer(rows.all(axis=1), columns.all(axis=1))
    if region == "all":
        return np.ones_like(interior)
    return interior if region == "interior" else ~interior


def _position_sums(
    taps: Int64[np.ndarray, "out kh kw"], rows: Bool[np.ndarray, "rows kh"], columns: Bool[np.ndarray, "columns kw"]
) -> Int64[np.ndarray, "out rows columns"]:
    # Integer matrix products: NumPy computes them without BLAS.
    sums: Int64[np.ndarray, "out rows columns"] = rows.astype(np.int64) @ taps @ columns.T.astype(np.int64)
    return sums
