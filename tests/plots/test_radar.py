"""Figures about the radar say what they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from harlib.plots import radar


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    assert not plt.get_fignums()


def lines(axis):
    return {line.get_label(): line for line in axis.lines}


def images(figure):
    return [image for axis in figure.axes if not axis.get_label().startswith("<colorbar") for image in axis.images]


def test_trajectories_show_the_whole_and_the_part():
    time = np.arange(100) / 10
    whole, part = radar.trajectories(time, {"chest": 5 - time / 5, "hand": 4 - time / 5}, (2.0, 3.0)).axes
    assert list(lines(whole)) == list(lines(part)) == ["chest", "hand"]
    assert list(lines(whole)["hand"].get_ydata()) == pytest.approx(list(4 - time / 5))
    assert lines(part)["chest"].get_xdata()[[0, -1]] == pytest.approx([2, 3])
    assert "(s)" in part.get_xlabel()
    assert "(m)" in part.get_ylabel()


def test_spectra_put_the_formula_beside_each_target():
    velocity = np.arange(-3.0, 3)
    axis = radar.spectra(velocity, [(1.0, 1.0, -(velocity**2)), (4.0, -2.0, velocity)]).axes[0]
    assert lines(axis)["target at +4.00 m/s"].get_ydata() == pytest.approx(velocity)
    assert [line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 2] == [1.0, -2.0]
    assert "(m/s)" in axis.get_xlabel()


def test_aliasing_draws_a_saw_tooth_that_wraps_at_the_limit():
    true = np.linspace(-5.0, 5.0, 21)
    axis = radar.aliasing(true, true / 2, 3.0).axes[0]
    formula = lines(axis)["formula"]
    at = dict(zip(np.round(formula.get_xdata(), 6), formula.get_ydata(), strict=True))
    assert at[2.0] == pytest.approx(2)
    assert at[4.0] == pytest.approx(-2)
    assert at[-5.0] == pytest.approx(1)
    assert lines(axis)["strongest row"].get_ydata() == pytest.approx(true / 2)
    assert lines(axis)["unambiguous velocity"].get_xdata()[0] == 3.0


def test_samples_draw_each_part_on_its_own_scale():
    time = np.arange(5) / 10
    figure = radar.samples(time, 100 + np.exp(2j * time))
    real, imaginary = figure.axes
    assert real.lines[0].get_ydata() == pytest.approx(100 + np.cos(2 * time))
    assert imaginary.lines[0].get_ydata() == pytest.approx(np.sin(2 * time))
    assert real.get_ylim()[0] > 90 > imaginary.get_ylim()[1]


def test_pictures_share_a_scale_and_centre_row_32_on_zero():
    given = {"before": np.zeros((64, 10)), "after": np.ones((64, 64))}
    figure = radar.pictures(given, 8.0, 3.2, "level (dB)", (0.0, 40.0))
    held = images(figure)
    titles = [image.axes.get_title() or image.axes.get_title(loc="left") for image in held]
    assert titles == ["before", "after"]
    for image, picture in zip(held, given.values(), strict=True):
        assert (image.get_array() == picture).all()
        assert image.get_clim() == (0, 40)
        left, right, bottom, top = image.get_extent()
        assert (left, right) == (0, 8)
        assert bottom + 32.5 * (top - bottom) / 64 == pytest.approx(0)
        assert bottom + 0.5 * (top - bottom) / 64 == pytest.approx(-3.2)
    assert held[0].axes.get_ylabel() == "radial velocity (m/s)"


def test_gallery_has_a_row_a_class():
    rows = {"jogging": np.full((3, 64, 64), 2500.0), "other": np.full((3, 64, 64), 2600.0)}
    figure = radar.gallery(rows, 10.0, 3.0, "raw", "title", ["a", "b", "c"])
    held = images(figure)
    assert [image.axes.get_title() or image.axes.get_title(loc="left") for image in held] == ["a", "b", "c", "", "", ""]
    assert [float(image.get_array()[0, 0]) for image in held] == [2500.0] * 3 + [2600.0] * 3
    assert len({image.get_clim() for image in held}) == 1
    assert [image.axes.get_ylabel() for image in held] == ["jogging", "", "", "other", "", ""]
    assert figure.get_supxlabel() == "time (s)"


def test_envelopes_lie_on_their_picture():
    given = {"low": np.full((64, 64), 2500.0), "high": np.full((64, 64), 2600.0)}
    edges = {"low": (np.full(64, -1.0), np.full(64, 2.0)), "high": (np.full(64, -0.5), np.full(64, 0.5))}
    first, second = radar.envelopes(given, edges, 10.0, 3.0, "raw").axes[:2]
    assert [line.get_ydata()[0] for line in first.lines] == [-1.0, 2.0]
    assert [line.get_ydata()[0] for line in second.lines] == [-0.5, 0.5]
    assert first.lines[0].get_xdata()[[0, -1]] == pytest.approx([10 / 128, 10 - 10 / 128])
    assert float(second.images[0].get_array()[0, 0]) == 2600.0


def test_traits_draw_every_sample_of_each_class():
    order = pd.Categorical(["b", "a", "b"], ["b", "a"])
    table = pd.DataFrame({"class": order, "x (m)": [1.0, 2.0, 3.0], "y (s)": [4.0, 5.0, 6.0]})
    axis = radar.traits(table, "x (m)", "y (s)", "title").axes[0]
    drawn = {held.get_label(): held.get_offsets().tolist() for held in axis.collections}
    assert drawn == {"b": [[1, 4], [3, 6]], "a": [[2, 5]]}
    assert list(drawn) == ["b", "a"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("x (m)", "y (s)")


def test_draws_have_a_panel_a_quantity_and_a_curve_a_class():
    table = pd.DataFrame({"class": ["a", "a", "b"], "x": [1.0, 2.0, 3.0], "y": [4, 5, 6], "z": [7, 8, 9]})
    panels = [axis for axis in radar.draws(table, "title").axes if axis.axison]
    assert [axis.get_xlabel() for axis in panels] == ["x", "y", "z"]
    assert all(list(lines(axis)) == ["a", "b"] for axis in panels)
    assert max(lines(panels[0])["a"].get_xdata()) == 2
