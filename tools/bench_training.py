"""Time one training step, batch 64, one thread: fp32, ours and Brevitas on the same network, interleaved.

    python tools/bench_training.py [--rounds 40] [--out reference/training-step.csv]

A round does one step of every variant in turn and counts processor time, so that what slows the machine slows all of
them; the table holds the median over rounds of the ratio to fp32's step in the same round, and its quartiles. Steps
through torch.compile are timed where there is a C++ compiler, Brevitas where it can be imported (an environment of its
own: requirements-bench.lock).
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from harlib import process
from harlib.errors import HarlibError
from harlib.model import Network, quantize_activations
from harlib.ternary import make_ternary
from harlib.training import compiled

BATCH = 64
WARM = 5  # steps before timing


def fp32() -> Network:
    """The float network."""
    torch.manual_seed(0)
    network = Network()
    network.input.observe(RAW)
    return network


def ours() -> Network:
    """Ternary weights, and activations of 8 bits with learned scale and zero point."""
    network = fp32()
    make_ternary(network, 0.7)
    quantize_activations(network, RAW)
    return network


def brevitas() -> nn.Module:
    """The same with Brevitas' ternary weights and learned activation scales."""
    import brevitas.nn as qnn  # an environment of its own
    from brevitas.quant.scaled_int import Uint8ActPerTensorFloat
    from brevitas.quant.ternary import SignedTernaryWeightPerTensorConst

    class TernaryWeight(SignedTernaryWeightPerTensorConst):  # type: ignore[misc]
        scaling_impl_type = "stats"
        scaling_stats_op = "ave"
        threshold = 0.7

    network = fp32()
    for held in network.blocks.values():
        block: Any = held
        c = block.convolution
        block.convolution = qnn.QuantConv2d(
            *(c.in_channels, c.out_channels, c.kernel_size, c.stride, c.padding),
            groups=c.groups,
            bias=False,
            weight_quant=TernaryWeight,
        )
        # The scale is observed in the first steps only, which are not timed, and learned from then on.
        block.activation = qnn.QuantReLU(act_quant=Uint8ActPerTensorFloat, collect_stats_steps=WARM - 1)
    first: Any = network.blocks["convolution"]
    first.norm = nn.Sequential(_ChannelsLast(), first.norm)  # as ours: a weight with one input channel loses the mark
    linear = network.linear
    network.linear = qnn.QuantLinear(linear.in_features, linear.out_features, True, weight_quant=TernaryWeight)
    result: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return result


class _ChannelsLast(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.contiguous(memory_format=torch.channels_last)


def step(network: nn.Module) -> Callable[[], None]:
    """A function that does one training step."""
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)

    def run() -> None:
        loss = nn.functional.cross_entropy(network(RAW), LABELS)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return run


def main() -> None:
    """Time, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    process.set_up()
    steps = {"fp32": step(fp32()), "ours": step(ours())}
    try:
        steps |= {f"{name}, compiled": step(compiled(make())) for name, make in (("fp32", fp32), ("ours", ours))}
    except HarlibError as error:
        print(f"torch.compile is not timed: {error}")
    try:
        steps["Brevitas"] = step(brevitas())
    except ImportError as error:
        print(f"Brevitas is not timed: {error}")
    for run in steps.values():
        for _ in range(WARM):
            run()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.rounds):
        for name, run in steps.items():
            started = time.process_time()
            run()
            times[name].append(1000 * (time.process_time() - started))
    rows = []
    for name, values in times.items():
        ratios = [value / base for value, base in zip(values, times["fp32"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4) if name != "fp32" else (1.0, 1.0, 1.0)
        rows.append((name, round(statistics.median(values), 1), round(middle, 2), round(low, 2), round(high, 2)))
    table = pd.DataFrame(rows, columns=["variant", "milliseconds", "ratio", "ratio_low", "ratio_high"])
    print(table.to_string(index=False))
    if options.out:
        options.out.write_text(table.to_csv(index=False))


RAW = torch.randn(BATCH, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 200 + 2700
LABELS = torch.arange(BATCH) % 5

if __name__ == "__main__":
    main()
