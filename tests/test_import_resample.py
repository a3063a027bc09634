"""Area averaging against brute force: repeat every cell until both sizes divide, then take plain means."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harlib.importing import resample

sizes = st.tuples(st.just(1), st.integers(2, 90), st.integers(2, 90))
pictures = arrays.arrays(np.float64, sizes, elements=st.floats(-1e6, 1e6))


@settings(max_examples=40, deadline=None)
@given(pictures)
def test_mean_is_kept_and_range_is_not_left(x):
    small = resample.to_64(x)
    assert small.shape == (1, 64, 64)
    tolerance = 1e-9 * max(1, np.abs(x).max())
    np.testing.assert_allclose(small.mean(), x.mean(), atol=tolerance)
    assert small.min() >= x.min() - tolerance
    assert small.max() <= x.max() + tolerance


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 100), st.integers(2, 100), st.integers(0, 2**32 - 1))
def test_it_is_the_mean_over_each_area(rows, columns, seed):
    x = np.random.default_rng(seed).normal(size=(rows, columns))
    by_rows = x.repeat(64, axis=0).reshape(64, rows, columns).mean(axis=1)
    expected = by_rows.repeat(64, axis=1).reshape(64, 64, columns).mean(axis=2)
    np.testing.assert_allclose(resample.to_64(x[None])[0], expected, atol=1e-12)


def test_a_picture_of_the_right_size_stays_bit_for_bit():
    x = np.random.default_rng(0).normal(size=(2, 64, 64))
    assert resample.to_64(x) is x


def test_a_pattern_too_fine_for_the_size_is_averaged_not_aliased():
    stripes = np.tile([0.0, 1.0], 640)[None, None].repeat(64, axis=1)
    np.testing.assert_allclose(resample.to_64(stripes), 0.5)
