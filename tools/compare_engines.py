"""Count logits in which the C engine differs from the oracle, on random inputs.

    python tools/compare_engines.py MODEL.json [--inputs 100000]

Half of the inputs have independent random codes, the others few levels in large patches, which saturate the layers.
Exit status 1 if any value differs.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from harlib.integer import oracle
from harlib.integer.c.source import BACKENDS
from harlib.integer.model import load
from harlib.integer.native import Native

CHUNK = 500


def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw CHUNK inputs, uint8 [CHUNK, channels, height, width]."""
    noise = rng.integers(0, 256, (CHUNK // 2, *shape)).astype(np.uint8)
    side = int(rng.integers(1, 17))
    levels = rng.choice(256, int(rng.integers(2, 5))).astype(np.uint8)
    coarse = rng.choice(levels, (CHUNK - CHUNK // 2, shape[0], *(-(-size // side) for size in shape[1:])))
    patches = coarse.repeat(side, axis=2).repeat(side, axis=3)[:, :, : shape[1], : shape[2]]
    return np.concatenate([noise, patches])


def main() -> None:
    """Compare and print the count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = load(options.model)
    rng = np.random.default_rng(options.seed)
    engines = {backend: Native(model, backend=backend) for backend in BACKENDS}
    differing = dict.fromkeys(engines, 0)
    count = 0
    while count < options.inputs:
        x = draw(model.input.shape, rng)[: options.inputs - count]
        expected = oracle.run(model, x)
        count += len(x)
        for name, engine in engines.items():
            differing[name] += int((engine(x) != expected).sum())
    print(f"{count} inputs, {count * len(model.classes)} logits; differing: {differing}")
    sys.exit(any(differing.values()))


if __name__ == "__main__":
    main()
