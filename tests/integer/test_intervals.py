import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harlib.integer.intervals import Geometry, accumulator_interval, extreme_input, regions


def every_accumulator(weight, geometry, codes, zero_point):
    """Try every input: all accumulators, [inputs, out, rows, columns]."""
    channels = weight.shape[1] * geometry.groups
    cells = channels * geometry.size[0] * geometry.size[1]
    maps = torch.tensor(list(itertools.product(range(codes[0], codes[1] + 1), repeat=cells)), dtype=torch.float64)
    return torch.nn.functional.conv2d(
        maps.reshape(-1, channels, *geometry.size) - zero_point,
        torch.tensor(weight, dtype=torch.float64),
        stride=geometry.stride,
        padding=geometry.padding,
        groups=geometry.groups,
    )


def interior_positions(positions, kernel, geometry):
    """Where a kernel of ones sees nothing but cells of the map."""
    ones = torch.ones(1, 1, *geometry.size, dtype=torch.float64)
    seen = torch.nn.functional.conv2d(
        ones, torch.ones(1, 1, *kernel, dtype=torch.float64), None, geometry.stride, geometry.padding
    )
    assert seen.shape[2:] == positions
    return seen[0, 0] == kernel[0] * kernel[1]


GEOMETRIES = [
    (Geometry((2, 3), (1, 1), (0, 0), 1), (2, 1, 2, 2)),
    (Geometry((2, 3), (1, 1), (1, 1), 1), (2, 1, 2, 2)),
    (Geometry((2, 2), (1, 1), (1, 1), 1), (2, 1, 3, 3)),  # no position with all taps inside
    (Geometry((1, 6), (1, 2), (0, 1), 1), (2, 1, 1, 4)),
    (Geometry((3, 2), (2, 1), (1, 0), 1), (2, 1, 2, 1)),
    (Geometry((1, 3), (1, 1), (0, 1), 2), (4, 1, 1, 2)),
    (Geometry((1, 3), (3, 3), (0, 0), 1), (2, 2, 1, 3)),
]


@pytest.mark.parametrize(("geometry", "shape"), GEOMETRIES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low=st.integers(0, 253), above=st.sampled_from([-200, -1, 0, 1, 2, 3, 200]))
def test_bounds_are_those_of_every_input_and_attained(geometry, shape, seed, low, above):
    weight = np.random.default_rng(seed).integers(-1, 2, shape).astype(np.int8)
    codes, zero_point = (low, low + 2), min(max(low + above, 0), 255)
    tried = every_accumulator(weight, geometry, codes, zero_point)
    interior = interior_positions(tried.shape[2:], shape[2:], geometry)
    parts = {"all": torch.ones_like(interior), "interior": interior, "border": ~interior}
    parts = {region: where for region, where in parts.items() if where.any()}
    assert ["all", *regions(weight, geometry)] == list(parts)
    for region, where in parts.items():
        lower, upper = accumulator_interval(weight, geometry, codes, zero_point, region)
        assert lower.tolist() == tried[:, :, where].amin((0, 2)).tolist()
        assert upper.tolist() == tried[:, :, where].amax((0, 2)).tolist()
        for channel, highest in itertools.product(range(shape[0]), (False, True)):
            x, (row, column) = extreme_input(weight, geometry, codes, zero_point, channel, highest, region)
            assert x.dtype == np.uint8
            assert codes[0] <= x.min()
            assert x.max() <= codes[1]
            assert where[row, column]
            found = torch.nn.functional.conv2d(
                torch.tensor(x, dtype=torch.float64)[None] - zero_point,
                torch.tensor(weight, dtype=torch.float64),
                stride=geometry.stride,
                padding=geometry.padding,
                groups=geometry.groups,
            )[0, channel, row, column]
            assert found == (upper if highest else lower)[channel]
