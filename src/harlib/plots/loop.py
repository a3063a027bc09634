"""Quantization-aware training as a drawing: the numbers of one kernel go round the loop once."""

import math

import numpy as np
from jaxtyping import Float

from harlib.plots.drawing import BLUE, GREEN, ORANGE, Drawing

LEFT, RIGHT, TOP = 94.0, 334.0, 46.0  # middles of the two sides, and where the first matrices begin
MIDDLE = (LEFT + RIGHT) / 2
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def training_loop(
    master: Float[np.ndarray, "3 3"],
    ternary: Float[np.ndarray, "3 3"],
    gradient: Float[np.ndarray, "3 3"],
    threshold: float,
    loss: float,
) -> Drawing:
    """Forward down the left side, backward up the right side.

    Args:
        master: float master weights of a kernel.
        ternary: alpha W', what the forward pass computes with.
        gradient: of the loss by alpha W', which the straight-through estimator hands to W.
        threshold: of the layer, in units of the weights.
        loss: of the batch that the gradient comes from, in nats.
    """
    drawing = Drawing(MIDDLE * 2, 560)
    drawing.text((LEFT, 14), "forward", 14, bold=True)
    drawing.text((RIGHT, 14), "backward", 14, bold=True)
    power = math.floor(math.log10(max(float(np.abs(gradient).max()), 1e-30)))
    gradient, unit = gradient / 10.0**power, f"in 10{str(power).translate(RAISED)}"
    for x, values, form, label in (
        (LEFT, master, "+.2f", "float master weights W"),
        (RIGHT, gradient, "+.2f", f"∂L/∂W, {unit}"),
    ):
        _matrix(drawing, (x, TOP), values, form, label)
    _staircase(drawing, master, float(ternary.max()), threshold)
    _straight(drawing)
    _matrix(drawing, (LEFT, TOP + 250), ternary, "+.2f", "αW′, three values")
    _matrix(drawing, (RIGHT, TOP + 250), gradient, "+.2f", f"∂L/∂(αW′), {unit}")
    drawing.box((20, 440), (2 * MIDDLE - 40, 56), ORANGE)
    drawing.text((MIDDLE, 458), "network with ternary weights and 8-bit activations", 13)
    drawing.text((MIDDLE, 478), f"loss L = {loss:.3f} nats on this batch", 13)
    for x, colour, down in ((LEFT, BLUE, True), (RIGHT, GREEN, False)):
        for start, end in ((TOP + 84, TOP + 108), (TOP + 198, TOP + 232), (TOP + 334, 438)):
            drawing.arrow(*((x, y) for y in ((start, end) if down else (end, start))), colour=colour)
    drawing.arrow((RIGHT - 92, TOP + 46), (LEFT + 84, TOP + 46), colour=GREEN)
    drawing.text((MIDDLE, TOP + 32), "AdamW", 13)
    drawing.text((MIDDLE, TOP + 62), "moves W", 13)
    drawing.text((MIDDLE, 524), "Rounding is used on the way down, and passed over on the way up.", 12)
    drawing.text((MIDDLE, 544), "Only W moves; codes change when it crosses the threshold.", 12)
    return drawing


def _matrix(drawing: Drawing, at: tuple[float, float], values: Float[np.ndarray, "3 3"], form: str, label: str) -> None:
    drawing.text((at[0], at[1] - 10), label, 13)
    drawing.matrix((at[0] - 75, at[1] + 4), values, form, (50, 26))


def _staircase(drawing: Drawing, master: Float[np.ndarray, "3 3"], alpha: float, threshold: float) -> None:
    x0, y0 = LEFT, TOP + 152.0
    across, up = 80 / max(float(np.abs(master).max()), threshold, 1e-9), 30 / max(alpha, 1e-9)
    cut, level = threshold * across, alpha * up
    _axes(drawing, x0, y0)
    steps = [(-84, level), (-cut, level), (-cut, 0.0), (cut, 0.0), (cut, -level), (84, -level)]
    drawing.line([(x0 + x, y0 + y) for x, y in steps], BLUE, 2.5)
    for weight in master.ravel():
        code = 0.0 if abs(weight) <= threshold else np.sign(weight)
        x, y = x0 + across * float(weight), y0 - level * code
        drawing.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{BLUE}"/>')
    drawing.text((x0 + 60, y0 + 14), "W", 12)
    drawing.text((x0 - 12, y0 - 34), "αW′", 12, "end")


def _straight(drawing: Drawing) -> None:
    x0, y0 = RIGHT, TOP + 152.0
    _axes(drawing, x0, y0)
    drawing.line([(x0 - 60, y0 + 36), (x0 + 60, y0 - 36)], GREEN, 2.5)
    drawing.text((x0 - 8, y0 - 30), "straight", 12, "end")
    drawing.text((x0 - 8, y0 - 16), "through", 12, "end")
    drawing.text((x0 + 14, y0 + 30), "slope 1", 12, "start")


def _axes(drawing: Drawing, x: float, y: float) -> None:
    drawing.line([(x - 90, y), (x + 90, y)], width=0.8)
    drawing.line([(x, y - 40), (x, y + 40)], width=0.8)
