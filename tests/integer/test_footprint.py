"""The size of a model against counting its file."""

import json

from hypothesis import given, settings

from harlib.integer.footprint import footprint

from .examples import models


def flat(value):
    return [number for part in value for number in flat(part)] if isinstance(value, list) else [value]


@settings(max_examples=25, deadline=None)
@given(models())
def test_every_integer_of_the_file_is_counted_once(model):
    layers = json.loads(model.model_dump_json())["layers"]
    *convolutions, pool, linear = layers
    parts = {part.name: part for part in footprint(model)}
    weights = [flat(layer["weight"]) for layer in (*convolutions, linear)]
    multipliers = [m for layer in convolutions for m in layer["multiplier"]] + [pool["multiplier"]]
    assert parts["ternary weights"].total_bits == 2 * sum(map(len, weights))
    assert parts["ternary weights"].stored_bytes == sum((len(held) + 3) // 4 for held in weights)
    assert parts["biases"].total_bits == 23 * sum(len(layer["bias"]) for layer in (*convolutions, linear))
    assert parts["multipliers"].values == parts["shifts"].values == len(multipliers)
    assert 2 ** parts["multipliers"].bits > max(multipliers)
    assert parts["zero points"].values == len(convolutions) + 1
    assert parts["clamps"].values == 2 * len(convolutions)
    assert all(8 * part.stored_bytes >= part.total_bits for part in parts.values())
