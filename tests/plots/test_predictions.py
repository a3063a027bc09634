"""Pictures of classified samples."""

import matplotlib.pyplot as plt
import numpy as np

from harlib.plots import predictions


def test_gallery_shows_each_sample_under_its_title_and_leaves_the_rest_empty():
    pictures = [(f"sample {i}", np.full((64, 64), float(i))) for i in range(5)]
    figure = predictions.gallery(pictures, "title")
    titles = [axis.get_title() for axis in figure.axes if axis.images]
    assert titles == [name for name, _ in pictures]
    assert len(figure.axes) == 8
    assert not any(axis.axison for axis in figure.axes[5:])
    scales = {axis.images[0].get_clim() for axis in figure.axes if axis.images}
    assert len(scales) == 1
    assert not plt.get_fignums()
