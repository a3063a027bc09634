"""The NumPy engine, the oracle: what every other engine is held against. Integers only; a float is refused.

Jacob et al. 2018 (arXiv 1712.05877), section 2, with ternary weights: a convolution only adds and subtracts.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int32, Int64, Integer, Shaped, UInt8

from harlib.errors import HarlibError
from harlib.integer.model import ACCUMULATOR_RANGE, Conv2d, GlobalAveragePool, IntegerModel, Linear
from harlib.integer.requantize import requantize

CHUNK_CELLS = 2**15  # input cells a channel worked on at a time, so that a chunk's maps stay in the cache


def run(
    model: IntegerModel, x: Shaped[np.ndarray, "n ..."], *, check_accumulators: bool = False
) -> Int32[np.ndarray, "n classes"]:
    """Compute the logits.

    Args:
        model: the integer model.
        x: codes 0..255, [n, channels, height, width] as the model's input; [n, height, width] if it has one channel.
        check_accumulators: also hold every accumulator, after each tap that is added to it, against signed 24 bits (an
            OverflowError is a bug of harlib: a model that loads is proven to stay inside).

    Raises:
        HarlibError: x is not uint8 or not of the model's input shape.
    """
    name = model.linear.name
    logits = [np.zeros((0, len(model.classes)), np.int32)]
    logits += [outputs[name] for outputs in _chunks(model, x, check_accumulators)]
    return np.concatenate(logits)


def predict(model: IntegerModel, x: Shaped[np.ndarray, "n ..."]) -> Int64[np.ndarray, " n"]:
    """Name the class of the highest logit by its index; of equal logits, the lowest index."""
    classes: Int64[np.ndarray, " n"] = run(model, x).argmax(axis=1)
    return classes


def trace(
    model: IntegerModel, x: Shaped[np.ndarray, "n ..."], *, check_accumulators: bool = False
) -> dict[str, Integer[np.ndarray, "n ..."]]:
    """Compute every layer's output, by its name and in order; arguments and errors as for `run`.

    Returns:
        uint8 [n, out, height, width] of a convolution, uint8 [n, channels] of the pool, int32 [n, classes] of the end.
    """
    chunks = list(_chunks(model, x, check_accumulators)) or [next(_chunks(model, x, check_accumulators, empty=True))]
    return {layer.name: np.concatenate([outputs[layer.name] for outputs in chunks]) for layer in model.layers}


def conv2d(
    layer: Conv2d, x: UInt8[np.ndarray, "n channels h w"], *, check_accumulators: bool = False
) -> UInt8[np.ndarray, "n out oh ow"]:
    """Apply a convolution and requantize it."""
    accumulator = accumulate(layer, x, check_accumulators=check_accumulators)
    multiplier, shift = layer.multipliers[:, None, None], layer.shifts[:, None, None]
    return requantize(accumulator, multiplier, shift, layer.output_zero_point, layer.clamp)


def accumulate(
    layer: Conv2d, x: UInt8[np.ndarray, "n channels h w"], *, check_accumulators: bool = False
) -> Int32[np.ndarray, "n out oh ow"]:
    """Compute bias + sum of w * (x - zero_point) as additions and subtractions of shifted maps.

    Padding is the zero point, so it adds 0. Signed 24 bits are enough, int32 holds them.
    """
    (pad_h, pad_w), (stride_h, stride_w) = layer.padding, layer.stride
    out_h, out_w = layer.output_size((x.shape[2], x.shape[3]))
    centred = np.moveaxis(x, 0, 1).astype(np.int32) - layer.input_zero_point
    centred = np.pad(centred, ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))
    accumulator = np.empty((layer.out_channels, len(x), out_h, out_w), np.int32)
    accumulator[:] = layer.biases[:, None, None, None]
    if check_accumulators:
        _check(layer.name, accumulator)
    in_per_group, out_per_group = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    weights = layer.weights
    for row, column in np.ndindex(*layer.kernel):
        rows = slice(row, row + stride_h * (out_h - 1) + 1, stride_h)
        columns = slice(column, column + stride_w * (out_w - 1) + 1, stride_w)
        tap = np.ascontiguousarray(centred[:, :, rows, columns])
        weight = weights[:, :, row, column]
        for out, index in np.argwhere(weight).tolist():
            source = tap[out // out_per_group * in_per_group + index]
            if weight[out, index] > 0:
                accumulator[out] += source
            else:
                accumulator[out] -= source
            if check_accumulators:
                _check(layer.name, accumulator[out])
    return np.moveaxis(accumulator, 0, 1)


def global_average_pool(
    layer: GlobalAveragePool, x: UInt8[np.ndarray, "n channels h w"], *, check_accumulators: bool = False
) -> UInt8[np.ndarray, "n channels"]:
    """Average each map: zero_point + (((sum - count * zero_point) * multiplier + 2^(shift - 1)) >> shift)."""
    accumulator = x.sum(axis=(2, 3), dtype=np.int64) - layer.count * layer.input_zero_point
    if check_accumulators:
        cells = x.reshape(*x.shape[:2], -1).astype(np.int64) - layer.input_zero_point
        _check(layer.name, cells.cumsum(axis=2))
    mean = (accumulator * layer.multiplier + (1 << (layer.shift - 1))) >> layer.shift
    codes: UInt8[np.ndarray, "n channels"] = (layer.input_zero_point + mean).astype(np.uint8)
    return codes


def linear(
    layer: Linear, x: UInt8[np.ndarray, "n features"], *, check_accumulators: bool = False
) -> Int32[np.ndarray, "n classes"]:
    """Compute the logits: bias + sum of w * (x - zero_point)."""
    centred = x.astype(np.int64) - layer.input_zero_point
    logits = layer.biases + centred @ layer.weights.T.astype(np.int64)
    if check_accumulators:
        terms = centred[:, None] * layer.weights
        _check(layer.name, layer.biases[:, None] + terms.cumsum(axis=2))
    return logits.astype(np.int32)


def checked_input(model: IntegerModel, x: Shaped[np.ndarray, "n ..."]) -> UInt8[np.ndarray, "n channels h w"]:
    """Bring an engine's input to four axes; its errors are those of `run`."""
    shape = model.input.shape
    if not isinstance(x, np.ndarray) or x.dtype != np.uint8:
        raise HarlibError(f"input: is {getattr(x, 'dtype', type(x).__name__)}; only uint8 codes are allowed")
    if x.shape[1:] == shape[1:] and shape[0] == 1:
        x = x[:, None]
    if x.ndim != 4 or x.shape[1:] != shape:
        raise HarlibError(f"input: has the shape {list(x.shape)}; must be [n, {', '.join(map(str, shape))}]")
    return x


def _chunks(
    model: IntegerModel, x: Shaped[np.ndarray, "n ..."], check: bool, empty: bool = False
) -> Iterator[dict[str, Integer[np.ndarray, "chunk ..."]]]:
    x = checked_input(model, x)
    size = max(1, CHUNK_CELLS // (x.shape[2] * x.shape[3]))
    for start in range(0, max(len(x), int(empty)), size):
        outputs: dict[str, Integer[np.ndarray, "chunk ..."]] = {}
        flow = x[start : start + size]
        for layer in model.layers:
            if isinstance(layer, Conv2d):
                flow = conv2d(layer, flow, check_accumulators=check)
            elif isinstance(layer, GlobalAveragePool):
                flow = global_average_pool(layer, flow, check_accumulators=check)
            else:
                flow = linear(layer, flow, check_accumulators=check)
            outputs[layer.name] = flow
        yield outputs


def _check(name: str, accumulator: Integer[np.ndarray, "..."]) -> None:
    if accumulator.size and not (
        ACCUMULATOR_RANGE[0] <= accumulator.min() and accumulator.max() <= ACCUMULATOR_RANGE[1]
    ):
        raise OverflowError(f"{name}: an accumulator leaves signed 24 bits")
