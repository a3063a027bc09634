"""Every code gives back the weights it was given, takes the bytes of its formula, and refuses what it never writes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harlib.errors import HarlibError
from harlib.integer import storage

codes = pytest.mark.parametrize("name", storage.CODES)
weights = arrays.arrays(np.int8, st.integers(0, 200), elements=st.sampled_from([0, 0, 0, 1, -1]))


def drawn(share, count=4000, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(count) < share, 0, rng.choice([-1, 1], count)).astype(np.int8)


@codes
@settings(max_examples=60, deadline=None)
@given(values=weights)
def test_there_and_back(name, values):
    code = storage.CODES[name]
    assert np.array_equal(code.decode(code.encode(values), len(values)), values)


@codes
@pytest.mark.parametrize(
    "values", [np.zeros(300, np.int8), np.ones(7, np.int8), drawn(0.45), drawn(0.95), drawn(0.999)]
)
def test_extremes_there_and_back(name, values):
    code = storage.CODES[name]
    assert np.array_equal(code.decode(code.encode(values), len(values)), values)


@codes
@settings(max_examples=60, deadline=None)
@given(packed=st.binary(max_size=40), count=st.integers(0, 60))
def test_what_is_read_would_be_written_so_and_all_else_is_refused(name, packed, count):
    code = storage.CODES[name]
    try:
        values = code.decode(packed, count)
    except HarlibError:
        return
    assert code.encode(values) == packed


@pytest.mark.parametrize("share", [0.3, 0.45, 0.8, 0.95])
def test_sizes_by_formula(share):
    values = drawn(share)
    nonzero = int((values != 0).sum())
    size = {name: len(code.encode(values)) for name, code in storage.CODES.items()}
    assert size["2 bits each"] == 4000 / 4
    assert size["5 in 8 bits"] == 4000 / 5
    assert size["bitmap"] == -(-(4000 + nonzero) // 8)
    least = 4000 * storage.entropy(values) / 8
    assert all(least < bytes_ for bytes_ in size.values())
    # A Rice code is within a few percent of the entropy of geometric runs where these are long.
    assert size["runs of zeros"] < (1.06 if share > 0.7 else 1.2) * least


def test_runs_are_the_bitmap_where_zeros_are_few_and_shorter_where_they_are_many():
    size = {
        share: [len(storage.CODES[name].encode(drawn(share))) for name in ("bitmap", "runs of zeros")]
        for share in (0.45, 0.9)
    }
    assert abs(size[0.45][0] + 1 - size[0.45][1]) <= 1  # the byte that holds k
    assert size[0.9][1] < 0.7 * size[0.9][0]


def test_entropy_against_scipy():
    from scipy import stats

    values = drawn(0.45)
    counts = np.unique(values, return_counts=True)[1]
    assert storage.entropy(values) == pytest.approx(stats.entropy(counts, base=2))
    assert storage.entropy(np.zeros(5, np.int8)) == 0
