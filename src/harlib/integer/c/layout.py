"""Two pixels of a row in one 32-bit word, for microcontrollers: where each pixel lies.

Word x of a row holds the columns x (low half) and x + distance (high half). Both lanes of a tap then have the same
offset, and one 32-bit addition or subtraction works on both. The distance of a map is its consumer's stride times the
distance of the consumer's output. Where a tap crosses a margin or the seam between the halves, it reads words that are
filled after a row is made.
"""

from dataclasses import dataclass

from harlib.integer.c.plan import Stage

Source = tuple[int, bool] | None  # word and whether its high half; None is padding


@dataclass(frozen=True)
class Map:
    """The rows before a stage. Words are counted from the first column; the margin's are negative."""

    width: int
    distance: int
    made: int  # words that the producer makes
    margin: int  # words before them
    step: int  # words a channel's row takes, margins included

    def source(self, column: int) -> Source:
        """Where a column stands after its row is made."""
        if not 0 <= column < self.width:
            return None
        return (column, False) if column < self.made else (column - self.distance, True)

    @property
    def seams(self) -> list[tuple[int, Source, Source]]:
        """Words to be filled after a row is made: place in the row, what its halves hold."""
        found = []
        for word in range(-self.margin, self.step - self.margin):
            low, high = self.source(word), self.source(word + self.distance)
            inside = 0 <= word < self.made
            if (inside and high is None) or (not inside and (low or high)):
                found.append((word, low, high))
        return found

    @property
    def still(self) -> bool:
        """Whether some word is padding in both halves, which no row that is made writes."""
        written = {*range(self.made), *(word for word, _, _ in self.seams)}
        return any(word not in written for word in range(-self.margin, self.step - self.margin))

    @property
    def segments(self) -> list[tuple[int, int, bool, bool]]:
        """Runs of words of an input row: first word, how many, and whether each half is a column or padding."""
        runs: list[tuple[int, int, bool, bool]] = []
        for word in range(-self.margin, self.step - self.margin):
            low, high = (0 <= column < self.width for column in (word, word + self.distance))
            if runs and runs[-1][2:] == (low, high):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, low, high)
            else:
                runs.append((word, 1, low, high))
        return runs


def maps(stages: tuple[Stage, ...]) -> list[Map]:
    """Lay out the rows before each stage, from the last one backward."""
    last = stages[-1]
    half = -(-last.width // 2)
    found = [Map(last.width, half, half, 0, half)]
    for stage in reversed(stages[:-1]):
        distance = stage.stride[1] * found[0].distance
        made = max(min(distance, stage.width), stage.width - distance)
        margin = stage.padding[1]
        read = stage.stride[1] * (found[0].made - 1) + stage.kernel[1]
        if stage.index == 0:
            made = read - margin
        found.insert(0, Map(stage.width, distance, made, margin, max(margin + made, read)))
    return found
