"""An integer model in ONNX Runtime, one thread, as an engine beside the oracle."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int32, Integer, Shaped
from onnx import ModelProto

from harlib.errors import HarlibError
from harlib.integer import oracle
from harlib.integer.model import IntegerModel
from harlib.integer.onnx import standard

BATCH = 16  # maps of this many samples stay in the cache


class OnnxEngine:
    """A model as an ONNX Runtime session on the CPU."""

    def __init__(self, model: IntegerModel, every_layer: bool = False) -> None:
        """Export the model and open it; HarlibError if onnxruntime is missing."""
        self.model = model
        self._names = [layer.name for layer in model.layers[:-1]] if every_layer else []
        self._session = session(standard.build(model, every_layer))

    def __call__(self, x: Shaped[np.ndarray, "n ..."]) -> Int32[np.ndarray, "n classes"]:
        """Compute the logits; arguments and errors as for `harlib.integer.oracle.run`."""
        logits: Int32[np.ndarray, "n classes"] = self._run(["logits"], x)[0]
        return logits

    def trace(self, x: Shaped[np.ndarray, "n ..."]) -> Mapping[str, Integer[np.ndarray, "n ..."]]:
        """Every layer's output, as `harlib.integer.oracle.trace`; needs `every_layer`."""
        outputs = self._run([*(f"{name}/codes" for name in self._names), "logits"], x)
        return dict(zip([*self._names, self.model.linear.name], outputs, strict=True))

    def _run(self, names: list[str], x: Shaped[np.ndarray, "n ..."]) -> list[Any]:
        codes = oracle.checked_input(self.model, x)
        parts = [
            self._session.run(names, {"input": np.ascontiguousarray(codes[start : start + BATCH])})
            for start in range(0, max(1, len(codes)), BATCH)
        ]
        return [np.concatenate(held) for held in zip(*parts, strict=True)]


def session(made: ModelProto) -> Any:
    """Open a graph in ONNX Runtime, on the CPU and in one thread."""
    try:
        import onnxruntime
    except ImportError:
        raise HarlibError("onnxruntime: is not installed; pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
