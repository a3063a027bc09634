"""`harlib predict`: spectrograms or I/Q samples to classes with an integer model; NumPy alone, no torch."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from harlib import files
from harlib.errors import HarlibError
from harlib.importing import iq, pictures, reading
from harlib.integer import oracle
from harlib.integer.inputs import input_codes
from harlib.integer.model import IntegerModel

PUBLISHED = Path(__file__).with_name("published") / "fold0.json"
"""The integer model that comes with harlib: the published study's, of its first fold."""


@dataclass(frozen=True)
class Prediction:
    """One classified spectrogram.

    file: where it comes from; index: its number in the file; label: the class; logits: one integer a class;
    codes: what the network saw.
    """

    file: Path
    index: int
    label: str
    logits: dict[str, int]
    codes: UInt8[np.ndarray, "64 64"]


def predict(
    model: IntegerModel,
    inputs: Sequence[Path],
    *,
    form: iq.IqFormat | None = None,
    transpose: bool = False,
    scale: tuple[float, float] = (0.0, 1.0),
) -> list[Prediction]:
    """Classify every spectrogram of some files; a folder stands for the files in it.

    Args:
        model: an integer model.
        inputs: files of any format that `harlib import` takes.
        form: given if they hold I/Q samples.
        transpose: spectrograms are time by Doppler.
        scale: low and step of the import that the model was trained on: codes are (value - low) / step.

    Raises:
        HarlibError: a file that cannot be read, a scale that is none, or values all outside the model's range.
    """
    low, step = scale
    if not (np.isfinite(low) and np.isfinite(step) and step > 0):
        raise HarlibError(f"scale {low!r} {step!r}: give low and step as `harlib import` printed them, step above 0")
    found = []
    for path in (file for given in inputs for file in (reading.listing(given)[0] if given.is_dir() else [given])):
        values = (pictures.load(path, form, transpose) - low) / step
        _check_range(path, values, model, scale)
        codes = input_codes(np.clip(np.rint(values), 0, 65535), model.input.low, model.input.high)
        for index, row in enumerate(oracle.run(model, codes)):
            named = {name: int(value) for name, value in zip(model.classes, row, strict=True)}
            found.append(Prediction(path, index, model.classes[int(row.argmax())], named, codes[index]))
    return found


def _check_range(
    path: Path, values: Float[np.ndarray, "n 64 64"], model: IntegerModel, scale: tuple[float, float]
) -> None:
    least, most = model.input.low, model.input.high
    for index, picture in enumerate(values):
        if picture.max() <= least or picture.min() >= most:
            low, high, bottom, top = (
                f"{scale[0] + scale[1] * end:g}" for end in (picture.min(), picture.max(), least, most)
            )
            raise HarlibError(
                f"{path}: spectrogram {index} holds values from {low} to {high}, all outside the model's range from "
                f"{bottom} to {top}: give --scale=LOW,STEP as `harlib import` printed it"
            )


def table(found: Sequence[Prediction]) -> str:
    """A line a spectrogram: file, number in it, class, logits."""
    if not found:
        return ""
    rows = [("file", "spectrogram", "class", *found[0].logits)]
    rows += [(str(one.file), str(one.index), one.label, *map(str, one.logits.values())) for one in found]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = {0, 2}
    return "\n".join(
        "  ".join(
            text.ljust(n) if at in left else text.rjust(n) for at, (text, n) in enumerate(zip(row, wide, strict=True))
        )
        for row in rows
    )


def as_json(found: Sequence[Prediction]) -> str:
    """The same as a JSON list of objects with file, spectrogram, class and logits."""
    rows = [
        {"file": str(one.file), "spectrogram": one.index, "class": one.label, "logits": one.logits} for one in found
    ]
    return json.dumps(rows, indent=1)


def draw(found: Sequence[Prediction], folder: Path) -> None:
    """Write a picture a spectrogram, with its logits beside it, as folder/<number>-<file>.png."""
    from harlib.plots import predictions as plots  # matplotlib takes a second that a table does not need

    for number, one in enumerate(found):
        figure = plots.prediction(one.codes, one.logits, f"{one.file.name}, spectrogram {one.index}: {one.label}")
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=100)
        files.write(folder / f"{number:04d}-{one.file.stem}.png", picture.getvalue())
