"""Do all engines of a model agree? The engines that are here, inputs that try them hard, and counts of what differs."""

import functools
import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Shaped, UInt8

from harlib.errors import HarlibError
from harlib.integer import model as model_file
from harlib.integer import oracle, proofs
from harlib.integer.c.source import BACKENDS
from harlib.integer.intervals import Region
from harlib.integer.model import Conv2d, GlobalAveragePool, IntegerModel, Linear
from harlib.integer.native import Engine, Native, find_compiler
from harlib.project import project_root

JAVASCRIPT = "tools/run_model.mjs"
SECONDS = 3600  # for JavaScript on one batch of inputs


def engines() -> dict[str, Callable[[IntegerModel], Engine]]:
    """The engines that this machine has, beside the oracle: by name, what makes one for a model."""
    found: dict[str, Callable[[IntegerModel], Engine]] = {}
    if find_compiler():
        found |= {f"C, {backend}": functools.partial(Native, backend=backend) for backend in BACKENDS}
    if importlib.util.find_spec("onnxruntime"):
        from harlib.integer.onnx.runtime import OnnxEngine

        found["ONNX Runtime"] = OnnxEngine
    if shutil.which("node") and (project_root() / JAVASCRIPT).is_file():
        found["JavaScript"] = JavaScript
    return found


def versions() -> dict[str, str]:
    """What each engine of `engines` runs on."""
    found = {}
    if compiler := find_compiler():
        found = {f"C, {backend}": _first_line(compiler) for backend in BACKENDS}
    if importlib.util.find_spec("onnxruntime"):
        found["ONNX Runtime"] = f"ONNX Runtime {importlib.metadata.version('onnxruntime')}"
    if node := shutil.which("node"):
        found["JavaScript"] = f"Node.js {_first_line(node)}"
    return found


def _first_line(program: str) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


class JavaScript:
    """The book's JavaScript engine in Node.js."""

    def __init__(self, model: IntegerModel) -> None:
        """Find node; HarlibError if there is none."""
        node = shutil.which("node")
        if node is None:
            raise HarlibError("node: is not installed; tools/system-packages.sh node")
        self.model, self._node = model, node

    def __call__(self, x: Shaped[np.ndarray, "n ..."]) -> Int32[np.ndarray, "n classes"]:
        """Compute the logits; arguments and errors as for `harlib.integer.oracle.run`."""
        codes = oracle.checked_input(self.model, x)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            model_file.save(path, self.model)
            done = subprocess.run(
                [self._node, str(project_root() / JAVASCRIPT), str(path)],
                input=codes.tobytes(), capture_output=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        if done.returncode:
            raise HarlibError(f"node: status {done.returncode}, {done.stderr.decode().strip()[-200:]}")
        return np.frombuffer(done.stdout, "<i4").reshape(len(codes), len(self.model.classes))


def random_inputs(
    shape: tuple[int, int, int], count: int, seed: int, batch: int = 500
) -> Iterator[UInt8[np.ndarray, "n channels h w"]]:
    """Draw inputs in batches: half with independent codes, half few levels in large patches, which saturate layers."""
    rng = np.random.default_rng(seed)
    for start in range(0, count, batch):
        size = min(batch, count - start)
        noise = rng.integers(0, 256, (size // 2, *shape)).astype(np.uint8)
        side = int(rng.integers(1, 17))
        levels = rng.choice(256, int(rng.integers(2, 5))).astype(np.uint8)
        coarse = rng.choice(levels, (size - size // 2, shape[0], *(-(-cells // side) for cells in shape[1:])))
        patches = coarse.repeat(side, axis=2).repeat(side, axis=3)[:, :, : shape[1], : shape[2]]
        yield np.concatenate([noise, patches])


def adversarial_inputs(model: IntegerModel) -> UInt8[np.ndarray, "n channels h w"]:
    """All 0, all 255, all real 0; stripes and chequers of 0 and 255; all that attain a bound of the first layer."""
    shape, first = model.input.shape, model.convolutions[0]
    maps = [np.full(shape, code, np.uint8) for code in (0, 255, model.input.zero_point)]
    _, rows, columns = np.indices(shape)
    for pattern in (rows, columns, rows + columns, rows // 2, columns // 2, rows // 2 + columns // 2):
        maps += [((pattern + phase) % 2 * 255).astype(np.uint8) for phase in (0, 1)]
    for region in proofs.region_bounds(model)[first.name]:
        for channel in range(first.out_channels):
            maps += [proofs.attaining_input(model, first.name, channel, up, region)[0] for up in (False, True)]
    return np.stack(maps)


def single_position(model: IntegerModel, name: str) -> IntegerModel:
    """One output position of a convolution as a model of its own, whose logits are the codes less the zero point.

    Its input is what the kernel sees, padding included; a pool of one cell and a linear layer of ones follow. So an
    engine shows every code that it makes of an accumulator, also of a layer deep in the network.
    """
    layer = next(layer for layer in model.convolutions if layer.name == name)
    channels, zero_point = layer.out_channels, layer.output_zero_point
    identity = tuple(map(tuple, np.eye(channels, dtype=int).tolist()))
    alone = layer.model_copy(update={"name": "alone", "padding": (0, 0), "stride": (1, 1)})
    pool = GlobalAveragePool(
        op="global_average_pool", name="one_cell", count=1, multiplier=2, shift=1, input_zero_point=zero_point
    )
    codes = Linear(
        op="linear", name="codes", in_features=channels, out_features=channels, weight=identity, bias=(0,) * channels,
        input_zero_point=zero_point, weight_scale=1.0, logit_scale=1.0,
    )  # fmt: skip
    described = {"shape": (layer.in_channels, *layer.kernel), "zero_point": layer.input_zero_point}
    return IntegerModel(
        format="harlib-integer",
        version=1,
        classes=tuple(f"channel {channel}" for channel in range(channels)),
        input=model.input.model_copy(update=described),
        layers=(alone, pool, codes),
    )


def position_inputs(model: IntegerModel, name: str, random: int, seed: int) -> UInt8[np.ndarray, "n channels kh kw"]:
    """Inputs of `single_position`: what attains each bound of each channel, at the border too, and random codes."""
    site = next(site for site in model.sites() if site.layer.name == name)
    layer = site.layer
    assert isinstance(layer, Conv2d)
    regions: list[Region] = list(proofs.region_bounds(model)[name])
    seen = []
    for region in regions:
        for channel in range(layer.out_channels):
            for upper in (False, True):
                x, place = proofs.attaining_input(model, name, channel, upper, region)
                sides = tuple((margin, margin) for margin in layer.padding)
                x = np.pad(x, ((0, 0), *sides), constant_values=layer.input_zero_point)
                top, left = (at * step for at, step in zip(place, layer.stride, strict=True))
                seen.append(x[:, top : top + layer.kernel[0], left : left + layer.kernel[1]])
    shape = (random, layer.in_channels, *layer.kernel)
    drawn = np.random.default_rng(seed).integers(site.codes[0], site.codes[1] + 1, shape).astype(np.uint8)
    return np.concatenate([np.stack(seen), drawn])
