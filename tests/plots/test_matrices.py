"""Small matrices show the numbers they were given."""

import matplotlib.pyplot as plt
import numpy as np

from harlib.plots import matrices


def test_matrices_write_every_number_and_no_negative_zero():
    values = np.array([[1.0, -0.0], [-1.0, 0.0]])
    figure = matrices.matrices({"codes": (values, ".0f"), "ratios": (values / 2, ".1f")})
    assert [axis.get_title() for axis in figure.axes] == ["codes", "ratios"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "0", "-1", "0"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["0.5", "0.0", "-0.5", "0.0"]
    assert not plt.get_fignums()
