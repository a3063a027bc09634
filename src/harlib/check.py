"""Checks of the exercises: each looks at an answer and prints what is right, or what is wrong and where to look.

A cell of an exercise assigns an answer and hands it over; while `...` still stands there, the check says what to do.
The right answers are computed here with NumPy alone, so that no chapter depends on the modules of a later one.

>>> ordinary_weights(...)
Not answered yet. Put your answer in place of `...` and run the cell again.
>>> ordinary_weights(1968)
Not yet. 1,968 is what the four convolutions hold as they are; what would two ordinary ones hold?
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

UNANSWERED = "Not answered yet. Put your answer in place of `...` and run the cell again."


class _Wrong(Exception):
    """What is wrong with an answer, in words for the one who gave it."""


class _Blank(Exception):
    """There is no answer yet."""


def _check(praise: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a check print what it finds, `praise` where it finds nothing."""

    def decorate(look: Callable[..., None]) -> Callable[..., None]:
        @wraps(look)
        def told(*answers: Any) -> None:
            try:
                if any(answer is ... or answer is None for answer in answers):
                    raise _Blank
                look(*answers)
            except _Blank:
                print(UNANSWERED)
            except _Wrong as wrong:
                print(f"Not yet. {wrong}")
            else:
                print(f"Right. {praise}")

        return told

    return decorate


def _numbers(answer: Any, names: str) -> list[float]:
    """An answer of as many finite numbers as there are names."""
    wanted = names.split(", ")
    if isinstance(answer, tuple | list) and any(part is ... for part in answer):
        raise _Blank
    try:
        found = np.atleast_1d(np.asarray(answer, dtype=float)).ravel().tolist()
    except (TypeError, ValueError):
        found = []
    if len(found) != len(wanted) or not all(math.isfinite(value) for value in found):
        count = "one number" if len(wanted) == 1 else f"{len(wanted)} numbers, separated by commas"
        raise _Wrong(f"The answer should be {count}: {names}.")
    return found


def _call(function: Any, *arguments: Any) -> Any:
    """What the reader's function returns."""
    if not callable(function):
        raise _Wrong("The answer should be the function itself: its name without brackets.")
    shown = ", ".join(repr(value.tolist() if isinstance(value, np.ndarray) else value) for value in arguments)
    try:
        found = function(*arguments)
    except Exception as error:  # whatever a reader's code may raise is for the reader to see
        raise _Wrong(f"Your function stops with {type(error).__name__}: {error}. It was given {shown}.") from None
    if found is None or found is ...:
        raise _Blank
    return found


def _array(found: Any, shape: tuple[int, ...], what: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What a function returned, as an array of a shape."""
    try:
        array = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != shape:
        raise _Wrong(f"Your function should return {what} of shape {shape}; it returns {found!r}.")
    return array


@_check("Above the band's edge a row says only where the velocity is up to a whole number of turns.")
def hand_rows(rows: Any) -> None:
    """01: the rows of a hand at -1.5 m/s, at 24.125 GHz and at 60 GHz."""
    first, second = _numbers(rows, "the row at 24.125 GHz, the row at 60 GHz")
    if first == 47:
        raise _Wrong("47 is the row of a hand that goes away at this speed: toward the radar counts as negative.")
    if first == 24:
        raise _Wrong("24 is half of the shift: the echo goes there and back, so the way changes by 2 v a second.")
    if round(first) != 17:
        raise _Wrong(f"The first row is not {first:g}. Put v = -1.5 m/s into r = 32 + (2 v / wavelength) * 64 / f_p.")
    if not 0 <= second < 64:
        raise _Wrong(f"The first row is right. A row {second:g} does not exist; what lies beyond the band wraps by 64.")
    if round(second) not in (57, 58):
        raise _Wrong(f"The first row is right, the second is not {second:g}. The wavelength shrinks by 24.125 / 60.")


@_check("Depthwise-separable convolutions save weights by never mixing places and channels in one step.")
def ordinary_weights(weights: Any) -> None:
    """02: the weights of two ordinary 3 x 3 convolutions, 16 to 32 and 32 to 32 channels."""
    (found,) = _numbers(weights, "the number of weights")
    hints = {
        1968: "1,968 is what the four convolutions hold as they are; what would two ordinary ones hold?",
        4608: "4,608 is right for the first of the two, from 16 to 32 channels. The second goes from 32 to 32.",
        9216: "9,216 is right for the second of the two, from 32 to 32 channels. The first goes from 16 to 32.",
        1536: "Each output channel has its own 3 x 3 taps for each input channel: a factor of 9 is missing.",
        13888: "64 too many: convolutions that batch norm follows have no bias.",
    }
    if found != 13824:
        raise _Wrong(
            hints.get(int(found), f"Not {found:g}. An ordinary layer holds 3 * 3 * channels in * channels out.")
        )


@_check("Zeros, signs and alpha are those of the library, also for weights that are all alike.")
def ternarize(function: Any) -> None:
    """03: a function of weights and t that gives codes and alpha."""
    for values in ([0.9, -0.4, 0.1, -0.2, 0.6, -0.8], [0.5, 0.5, -0.5, 0.5], [3.0, -0.1, 0.2, -2.0]):
        for t in (0.7, 1.2):
            weights = np.array(values)
            found = _call(function, weights, t)
            if not isinstance(found, tuple) or len(found) != 2:
                raise _Wrong(f"Your function should return two things, codes and alpha; it returns {found!r}.")
            if any(part is ... for part in found):
                raise _Blank
            codes, alpha = _array(found[0], weights.shape, "codes"), float(_array(found[1], (), "an alpha"))
            kept = np.abs(weights) > t * np.abs(weights).mean()
            _compare_codes(values, t, codes, np.sign(weights) * kept)
            best = np.abs(weights)[kept].mean() if kept.any() else 0.0
            if not abs(alpha - best) <= 1e-6:  # nan is wrong, too
                why = f"The codes are right for {values} and t = {t}, alpha = {alpha:.4g} is not."
                if abs(alpha - np.abs(weights).mean()) < 1e-6:
                    why += " That is the mean |W| over all weights; the best alpha is the mean over those kept."
                elif abs(alpha - t * np.abs(weights).mean()) < 1e-6:
                    why += " That is the threshold; alpha is what the kept weights are on average."
                raise _Wrong(why)


def _compare_codes(values: list[float], t: float, codes: Any, right: Any) -> None:
    where = f"for the weights {values} and t = {t}"
    if set(np.unique(codes)) - {-1, 0, 1}:
        raise _Wrong(f"Codes are -1, 0 or 1; {where} yours are {codes.tolist()}. Alpha is returned apart.")
    if (np.abs(codes) != np.abs(right)).any():
        kept, wanted = int(np.abs(codes).sum()), int(np.abs(right).sum())
        more = " Is the threshold t times the mean of |W|, not t itself?" if t * np.abs(values).mean() != t else ""
        raise _Wrong(f"Wrong support {where}: you keep {kept} weights, the rule keeps {wanted}.{more}")
    if (codes != right).any():
        raise _Wrong(f"The zeros are right {where}, the signs are not: a kept weight keeps its sign.")


@_check("Halves go up, real 0 has a code, and nothing leaves 0..255.")
def quantize(function: Any) -> None:
    """04: a function of x, scale and zero point that gives 8-bit codes."""
    x, scale, zero_point = np.array([-1.0, -0.25, 0.0, 0.25, 1.0, 1.25, 1.75, 200.0]), 0.5, 3
    top = 255
    right = np.clip(np.floor(x / scale + 0.5) + zero_point, 0, top)
    codes = _array(_call(function, x, scale, zero_point), x.shape, "codes")
    if (codes == right).all():
        low = _array(_call(function, np.array([-9.0]), scale, zero_point), (1,), "codes")
        if low[0] != 0:
            raise _Wrong(f"Right inside the range; but -9 gives code {low[0]:g}, below the least code, 0.")
        return
    first = int(np.flatnonzero(codes != right)[0])
    rules = {
        "Codes end at 255: clamp after the zero point is added.": np.floor(x / scale + 0.5) + zero_point,
        "Halves go up here; np.round takes them to the even neighbour.": np.clip(
            np.round(x / scale) + zero_point, 0, top
        ),
        "The zero point is missing: real 0 must get the code z.": np.clip(np.floor(x / scale + 0.5), 0, top),
        "np.floor(x / s) rounds down; add one half first.": np.clip(np.floor(x / scale) + zero_point, 0, top),
    }
    hint = next((text for text, wrong in rules.items() if np.array_equal(codes, wrong)), "")
    where = (
        f"x = {x[first]:g} with s = {scale}, z = {zero_point} gives {codes[first]:g} and should give {right[first]:g}."
    )
    raise _Wrong(f"{where} {hint}".strip())


@_check("The count is exact, and every layer gives what its own scale says.")
def prune_fairly(function: Any) -> None:
    """05: a function of layers and a share that gives a mask a layer, True where a weight stays."""
    stream = np.random.default_rng(0)
    layers = {"wide": stream.normal(0, 1.0, 60), "narrow": stream.normal(0, 0.05, 40)}
    for share in (0.5, 0.73):
        masks = _call(function, list(layers.values()), share)
        if not isinstance(masks, list | tuple) or len(masks) != len(layers):
            raise _Wrong(f"Your function should return a list with one mask a layer, {len(layers)} here.")
        if any(mask is ... for mask in masks):
            raise _Blank
        ratios = [np.abs(w) / np.abs(w).mean() for w in layers.values()]
        wanted = math.ceil(share * sum(map(len, ratios)))
        cut = np.sort(np.concatenate(ratios))[wanted - 1]
        zeros, right = [], [int((ratio <= cut).sum()) for ratio in ratios]
        for mask, w in zip(masks, layers.values(), strict=True):
            zeros.append(int((_array(mask, w.shape, "a mask") == 0).sum()))
        if sum(zeros) != wanted:
            raise _Wrong(
                f"For a share of {share} of {sum(map(len, ratios))} weights {wanted} must be zero, yours are "
                f"{sum(zeros)}: ceil(share * N) over all layers together, and `True` is a weight that stays."
            )
        for name, found, fair in zip(layers, zeros, right, strict=True):
            if found != fair:
                raise _Wrong(
                    f"The share is right for the whole net, but layer `{name}` has {found} zeros where a fair ranking "
                    f"has {fair}. The narrow layer's weights are 20 times smaller: rank |W| over its layer's mean |W|."
                )
        for name, mask, ratio in zip(layers, masks, ratios, strict=True):
            if (np.asarray(mask, dtype=bool) != (ratio > cut)).any():
                raise _Wrong(f"Layer `{name}` has the right number of zeros, but not at its smallest weights.")


@_check("Only the offset knows the sign of the gain; multiplier and codes stay.")
def fold_by_hand(folded: Any) -> None:
    """06: |M|, offset and bias of the small channel with gamma = +1.2."""
    multiplier, offset, bias = _numbers(folded, "|M|, the offset o, the rounded bias")
    if abs(multiplier - 0.03) < 1e-6:
        raise _Wrong("|M| = 0.03 counts in real units; the code behind it counts in steps of s_out = 0.02.")
    if abs(multiplier - 1.5) > 1e-6:
        raise _Wrong(f"|M| is not {multiplier:g}: it is s_in * alpha * |gamma| / (sigma * s_out).")
    if abs(offset - 22.5) < 1e-6:
        raise _Wrong("|M| is right. o = 22.5 belongs to gamma = -1.2: the mean is taken off with the sign of gamma.")
    if abs(offset - 7.5) > 1e-6:
        raise _Wrong(f"|M| is right, o = {offset:g} is not: it is (beta - gamma * mu / sigma) / s_out.")
    if bias != 5:
        raise _Wrong(
            f"|M| and o are right, a bias of {bias:g} is not: o counts output steps, the bias accumulator units."
        )


@_check("Integers alone, and the same code as every engine of the study.")
def requantize(function: Any) -> None:
    """07: a function of accumulator, multiplier, shift, zero point, low and high that gives a code."""
    for a in (0, 1, 10, 100, -1, -7, 3000, -3000, 2**22):
        multiplier, shift, zero_point, low, high = 5, 3, 10, 0, 255
        right = min(high, max(low, zero_point + ((a * multiplier + (1 << (shift - 1))) >> shift)))
        found = _call(function, a, multiplier, shift, zero_point, low, high)
        if isinstance(found, bool) or not isinstance(found, int | np.integer):
            raise _Wrong(f"The code should be an integer; for an accumulator of {a} it is {found!r}. `/` makes floats.")
        if found == right:
            continue
        where = (
            f"For an accumulator of {a}, multiplier 5, shift 3, zero point 10 the code is {right}, yours is {found}."
        )
        if found == min(high, max(low, zero_point + ((a * multiplier) >> shift))):
            raise _Wrong(f"{where} A shift alone rounds down: add half of what it takes away, 1 << (shift - 1).")
        if not low <= found <= high:
            raise _Wrong(f"{where} It leaves low..high: the clamp comes last, after the zero point.")
        if found == min(high, max(low, (a * multiplier + (1 << (shift - 1))) >> shift)):
            raise _Wrong(f"{where} The zero point is missing: real 0 must become its code.")
        raise _Wrong(where)


@_check("At a third of zeros a ternary weight carries the most it can, and 2 bits are never all needed.")
def entropy(function: Any) -> None:
    """08: a function of the share of zeros that gives the bits a ternary weight carries, signs even."""
    for z in (1 / 3, 0.45, 0.9):
        parts = np.array([z, (1 - z) / 2, (1 - z) / 2])
        right = float(-(parts * np.log2(parts)).sum())
        found = float(_array(_call(function, z), (), "a number"))
        if abs(found - right) < 1e-6:
            continue
        if abs(found - right * math.log(2)) < 1e-6:
            raise _Wrong(f"H({z:.2f}) = {found:.3f} is in nats; bits take the logarithm to base 2.")
        if abs(found - (right - (1 - z))) < 1e-6:
            raise _Wrong(
                f"H({z:.2f}) = {found:.3f} tells zero from not zero only; a weight that is not zero has a sign."
            )
        if abs(found - (2 - z)) < 1e-6:
            raise _Wrong("2 - z is what a bit map and signs take; the entropy is the least that any code takes.")
        raise _Wrong(f"H({z:.2f}) is not {found:.3f}: sum -p log2 p over the three values of a weight.")
    for z in (0.0, 1.0):
        if abs(float(_array(_call(function, z), (), "a number")) - (1 - z)) > 1e-6:
            raise _Wrong(f"Right between 0 and 1; at z = {z:g} a value never occurs, and 0 log 0 counts as 0.")
