"""Drawings say what is in the objects that they are drawn from."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from harlib.model import Network
from harlib.plots.drawing import Drawing
from harlib.plots.kernels import first_kernels
from harlib.plots.loop import training_loop
from harlib.plots.network import network


def test_a_drawing_is_well_formed_and_scales():
    drawing = Drawing(40, 20)
    drawing.text((20, 10), "a < b & c_{in}")
    drawing.arrow((0, 0), (10, 0), (10, 10))
    drawing.matrix((0, 0), np.array([[1.0, -0.25]]), "+.2f")
    root = ElementTree.fromstring(drawing.svg())
    assert root.get("viewBox") == "0 0 40 20"
    words = [word.replace("&lt;", "<").replace("&amp;", "&") for word in drawing.words()]
    assert words == ["a < b & cin", "+1.00", "−0.25"]


@pytest.mark.parametrize(("classes", "total"), [(5, "3,029"), (2, "2,930")])
def test_the_network_shows_its_own_shapes_and_counts(classes, total):
    words = network(Network(classes)).words()
    assert words[-1] == f"{total} parameters together"
    assert words[:4] == ["input", "raw log magnitudes", "no parameters", "1 × 64 × 64"]
    assert "10 × 4, stride 2, padding 4 × 1, 1 → 16 channels" in words
    assert "640 weights; batch norm, 32 parameters; ReLU" in words
    assert any("softmax" in word for word in words)
    assert words.count("32 × 32 × 32") == 3
    counts = [
        int(n.replace(",", ""))
        for word in words[:-1]
        for n in re.findall(r"([\d,]+) (?:weights|parameters|biases)", word)
    ]
    assert sum(counts) == int(total.replace(",", ""))


def test_the_loop_shows_every_number_of_the_kernel():
    master = np.array([[0.5, -0.1, 0.2], [0.3, -0.7, 0.0], [0.05, 0.9, -0.4]])
    codes = np.sign(master) * (np.abs(master) > 0.25)
    drawing = training_loop(master, 0.56 * codes, 0.01 * master, 0.25, 1.5)
    words = drawing.words()
    for value in master.ravel():
        assert (f"{value:+.2f}".replace("-", "−") if value else "0") in words
    assert words.count("+0.56") == 3
    assert words.count("−7.00") == 2
    assert "∂L/∂W, in 10⁻³" in words
    assert any("1.500 nats" in word for word in words)
    assert drawing.svg().count("<circle") == 9


def test_first_kernels_show_the_numbers_and_their_codes():
    weights = {
        "convolution": torch.tensor([[[[0.5, -0.4], [0.1, 0.0]]], [[[9.0, 9.0], [9.0, 9.0]]]]) / 10,
        "pointwise": torch.tensor([[0.3, -0.001, 0.2, -0.3, 0.7], [0.1] * 5])[:, :, None, None],
        "linear": torch.tensor([[0.25, -0.25, 0.02]]),
    }
    bias = torch.tensor([0.125, -0.875])
    words = first_kernels(weights, bias, 0.5).words()
    assert words[:6] == ["convolution", "kernel 1 of 2, 2 × 2", "+0.050", "−0.040", "+0.010", "0"]
    assert words[6:10] == ["0"] * 4  # far below half the mean magnitude, which the second kernel raises
    pointwise = words.index("pointwise")
    assert words[pointwise + 1] == "row 1 of 2, the first 4 of 5"
    assert words[pointwise + 2 : pointwise + 10] == ["+0.300", "−0.001", "+0.200", "−0.300", "+1", "0", "+1", "−1"]
    assert words[-4:] == ["bias", "one a class; it has no codes", "+0.125", "−0.875"]
    assert words[-7:-4] == ["+1", "−1", "0"]
