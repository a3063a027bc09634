"""What an integer model takes to store, part by part: in bits as narrow as the format allows, and in whole bytes."""

from dataclasses import dataclass

from harlib.integer.model import Conv2d, IntegerModel, Linear

WEIGHT_BITS, BIAS_BITS, SHIFT_BITS, CODE_BITS = 2, 23, 6, 8


@dataclass(frozen=True)
class Part:
    """One kind of number in a model.

    values: how many; bits: of each; stored_bytes: of all, weights packed four a byte (each layer starts a byte), other
    values at 1, 2 or 4 bytes each.
    """

    name: str
    values: int
    bits: int
    stored_bytes: int

    @property
    def total_bits(self) -> int:
        """Bits of all values."""
        return self.values * self.bits


def footprint(model: IntegerModel) -> list[Part]:
    """Every number that an engine needs, by kind; the floats of the file only describe and do not count.

    Multipliers are as wide as the widest one is; shifts are 1..46; zero points are the input's and each convolution's,
    clamps two a convolution. The pool has one multiplier and one shift.
    """
    weighted: list[Conv2d | Linear] = [*model.convolutions, model.linear]
    weights = [layer.weights.size for layer in weighted]
    biases = sum(len(layer.bias) for layer in weighted)
    multipliers = [value for layer in model.convolutions for value in layer.multiplier] + [model.pool.multiplier]
    width = max(multipliers).bit_length()
    layers = len(model.convolutions)
    return [
        Part("ternary weights", sum(weights), WEIGHT_BITS, sum(-(-count // 4) for count in weights)),
        Part("biases", biases, BIAS_BITS, 4 * biases),
        Part("multipliers", len(multipliers), width, (2 if width <= 16 else 4) * len(multipliers)),
        Part("shifts", len(multipliers), SHIFT_BITS, len(multipliers)),
        Part("zero points", 1 + layers, CODE_BITS, 1 + layers),
        Part("clamps", 2 * layers, CODE_BITS, 2 * layers),
    ]
