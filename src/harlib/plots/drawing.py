"""A small writer of SVG drawings: boxes, arrows, text and matrices, in the ink, paper and palette of the figures."""

import re
from collections.abc import Sequence
from html import escape

import numpy as np
from jaxtyping import Float

from harlib.plots.style import INK, PALETTE, PAPER

Number = int | float
Point = tuple[Number, Number]
BLUE, ORANGE, GREEN, RED = PALETTE[:4]
SUBSCRIPT = re.compile(r"_\{([^}]*)\}")


class Drawing:
    """A drawing that a notebook shows as SVG; lengths are pixels, y points down.

    >>> drawing = Drawing(40, 20)
    >>> drawing.text((20, 10), "q_{in}")
    >>> drawing.words()
    ['qin']
    """

    def __init__(self, width: Number, height: Number) -> None:
        self.width, self.height = width, height
        self.parts: list[str] = []

    def box(self, corner: Point, size: Point, colour: str = BLUE, fill: str = PAPER, dashed: bool = False) -> None:
        """A rounded box with its upper left corner and its width and height."""
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(
            f'<rect x="{corner[0]:g}" y="{corner[1]:g}" width="{size[0]:g}" height="{size[1]:g}" rx="5" '
            f'fill="{fill}" stroke="{colour}" stroke-width="1.5"{dash}/>'
        )

    def text(
        self, at: Point, text: str, size: Number = 13, anchor: str = "middle", colour: str = INK, bold: bool = False
    ) -> None:
        """A line of text whose middle height is at a point; `_{in}` is a subscript."""
        lowered = SUBSCRIPT.sub(r'<tspan dy="3" font-size="75%">\1</tspan><tspan dy="-3">&#8203;</tspan>', escape(text))
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{at[0]:g}" y="{at[1]:g}" dy=".35em" font-size="{size:g}" text-anchor="{anchor}" '
            f'fill="{colour}"{weight}>{lowered}</text>'
        )

    def arrow(self, *points: Point, colour: str = INK) -> None:
        """A line through points that ends in an arrow head."""
        (x0, y0), (x1, y1) = points[-2:]
        along = np.array([x1 - x0, y1 - y0]) / max(np.hypot(x1 - x0, y1 - y0), 1e-9)
        tip, across = np.array([x1, y1]), np.array([-along[1], along[0]])
        corners = [tip, tip - 9 * along + 4 * across, tip - 9 * along - 4 * across]
        self.line([*points[:-1], (x1 - 8 * along[0], y1 - 8 * along[1])], colour)
        head = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self.parts.append(f'<polygon points="{head}" fill="{colour}"/>')

    def line(self, points: Sequence[Point], colour: str = INK, width: Number = 1.5) -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>')

    def matrix(
        self, corner: Point, values: Float[np.ndarray, "rows columns"], form: str, cell: Point = (46, 24)
    ) -> None:
        """Numbers in cells, blue where they are positive, orange where negative, paler the nearer to 0."""
        largest = max(float(np.abs(values).max()), 1e-12)
        for (row, column), value in np.ndenumerate(values):
            x, y = corner[0] + column * cell[0], corner[1] + row * cell[1]
            shade = 0.35 * abs(float(value)) / largest
            self.parts.append(
                f'<rect x="{x:g}" y="{y:g}" width="{cell[0]:g}" height="{cell[1]:g}" '
                f'fill="{BLUE if value > 0 else ORANGE}" fill-opacity="{shade:.2f}" stroke="{INK}" stroke-width="0.5"/>'
            )
            number = f"{value:{form}}".replace("-", "\u2212") if value else "0"
            self.text((x + cell[0] / 2, y + cell[1] / 2), number, 12)

    def words(self) -> list[str]:
        """What is written in the drawing, a string a line of text."""
        lines = re.findall(r"<text\b[^>]*>(.*?)</text>", "".join(self.parts))
        return [re.sub(r"<[^>]+>|&#8203;", "", line) for line in lines]

    def svg(self) -> str:
        """The drawing as a file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:g}" height="{self.height:g}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" font-family="DejaVu Sans, Verdana, sans-serif">'
            f'<rect width="100%" height="100%" fill="{PAPER}"/>{"".join(self.parts)}</svg>\n'
        )

    def _repr_svg_(self) -> str:
        return self.svg()
