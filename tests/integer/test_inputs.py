from fractions import Fraction

import numpy as np
import pytest

from harlib.errors import HarlibError
from harlib.integer.inputs import input_codes
from integer.examples import half_up


def test_codes_are_rounded_half_up_and_clipped():
    raw = np.concatenate([np.arange(2400.0, 3500.0, 0.25), [-1e9, 1e9]])
    expected = [min(max(half_up(Fraction(value - 2470) * 255 / 910), 0), 255) for value in raw]
    codes = input_codes(raw, 2470.0, 3380.0)
    assert codes.dtype == np.uint8
    assert codes.tolist() == expected
    assert input_codes(raw.astype(np.float32), 2470.0, 3380.0).tolist() == expected
    assert input_codes(np.array([0, 1, 2, 3]), 0.0, 510.0).tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(HarlibError, match="NaN or infinite"):
        input_codes(np.array([1.0, value]), 0.0, 2.0)
