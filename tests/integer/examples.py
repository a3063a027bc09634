"""Models of any shape that the format allows, and the same arithmetic from torch and fractions."""

import json
import math
from fractions import Fraction

import numpy as np
import torch
from hypothesis import strategies as st

from harlib.integer.model import IntegerModel, parse
from harlib.integer.requantize import dyadic


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


@st.composite
def models(draw: st.DrawFn) -> IntegerModel:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = [draw(st.integers(1, 3)), draw(st.integers(2, 8)), draw(st.integers(2, 8))]
    channels, size, zero_point = shape[0], shape[1:], draw(st.integers(0, 255))
    fields = {
        "format": "harlib-integer",
        "version": 1,
        "classes": [f"class {i}" for i in range(draw(st.integers(2, 4)))],
        "input": {"shape": shape, "low": 0.0, "high": 1.0, "scale": 0.5, "zero_point": zero_point},
        "layers": [],
    }
    for index in range(draw(st.integers(1, 3))):
        groups = draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
        out = groups * draw(st.integers(1, 3))
        kernel, stride, padding, after = [], [], [], []
        for side in size:
            pad = draw(st.integers(0, 2))
            kernel.append(draw(st.integers(pad + 1, max(pad + 1, min(4, side + 2 * pad)))))
            stride.append(draw(st.integers(1, 3)))
            padding.append(pad)
            after.append((side + 2 * pad - kernel[-1]) // stride[-1] + 1)
        weight = rng.integers(-1, 2, (out, channels // groups, *kernel))
        reach = 255 * max(1, weight[0].size)
        scales = [dyadic(float(rng.uniform(0, 500)) / reach, int(rng.integers(2, 32))) for _ in range(out)]
        if draw(st.booleans()):
            scales[0] = (int(rng.integers(0, 2**31)), int(rng.integers(1, 47)))
        biases = rng.integers(-reach, reach, out)
        if draw(st.booleans()):
            biases[-1] = rng.choice([-(2**22), 2**22 - 1])
        low = draw(st.integers(0, 100))
        output_zero_point = draw(st.sampled_from([low, 0, 128, 255]))
        fields["layers"].append(
            {
                "op": "conv2d",
                "name": f"conv{index}",
                "in_channels": channels,
                "out_channels": out,
                "groups": groups,
                "kernel": kernel,
                "stride": stride,
                "padding": padding,
                "weight": weight.tolist(),
                "bias": biases.tolist(),
                "input_zero_point": zero_point,
                "multiplier": [multiplier for multiplier, _ in scales],
                "shift": [shift for _, shift in scales],
                "output_zero_point": output_zero_point,
                "clamp": [low, draw(st.integers(low + 1, 255))],
                "weight_scale": 0.5,
                "real_multiplier": [multiplier / 2**shift for multiplier, shift in scales],
                "output_scale": 0.25,
            }
        )
        channels, size, zero_point = out, after, output_zero_point
    count = size[0] * size[1]
    multiplier, shift = dyadic(1 / count, draw(st.integers(9, 31)))
    pool = {"op": "global_average_pool", "name": "pool", "count": count, "multiplier": multiplier, "shift": shift}
    linear = {
        "op": "linear",
        "name": "linear",
        "in_features": channels,
        "out_features": len(fields["classes"]),
        "weight": rng.integers(-1, 2, (len(fields["classes"]), channels)).tolist(),
        "bias": rng.integers(-999, 999, len(fields["classes"])).tolist(),
        "weight_scale": 0.5,
        "logit_scale": 0.25,
    }
    fields["layers"] += [pool | {"input_zero_point": zero_point}, linear | {"input_zero_point": zero_point}]
    return parse(json.dumps(fields))


def inputs(model: IntegerModel, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *model.input.shape)).astype(np.uint8)


def reference(model: IntegerModel, x: np.ndarray) -> dict[str, np.ndarray]:
    """Convolutions by torch in float64, whose sums are exact here; every rounding by fractions."""
    outputs, flow = {}, torch.from_numpy(x)
    for layer in model.convolutions:
        accumulator = torch.nn.functional.conv2d(
            flow.double() - layer.input_zero_point,
            torch.tensor(layer.weight, dtype=torch.float64),
            torch.tensor(layer.bias, dtype=torch.float64),
            stride=layer.stride,
            padding=layer.padding,
            groups=layer.groups,
        )
        codes = torch.zeros(accumulator.shape, dtype=torch.uint8)
        for place in np.ndindex(*accumulator.shape):
            exact = int(accumulator[place]) * Fraction(layer.multiplier[place[1]], 2 ** layer.shift[place[1]])
            code = layer.output_zero_point + half_up(exact)
            codes[place] = min(max(code, layer.clamp[0]), layer.clamp[1])
        outputs[layer.name] = flow = codes
    pool, linear = model.pool, model.linear
    sums = flow.long().sum((2, 3))
    pooled = torch.zeros(sums.shape, dtype=torch.float64)
    for place in np.ndindex(*sums.shape):
        centred = int(sums[place]) - pool.count * pool.input_zero_point
        pooled[place] = pool.input_zero_point + half_up(centred * Fraction(pool.multiplier, 2**pool.shift))
    outputs["pool"] = pooled.to(torch.uint8)
    weight, bias = (torch.tensor(part, dtype=torch.float64) for part in (linear.weight, linear.bias))
    logits = torch.nn.functional.linear(pooled - linear.input_zero_point, weight, bias)
    outputs["linear"] = logits.to(torch.int32)
    return {name: output.numpy() for name, output in outputs.items()}
