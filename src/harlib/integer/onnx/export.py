"""`harlib export onnx` and `harlib export qonnx`: a model file to one ONNX file."""

from pathlib import Path

from harlib.errors import HarlibError
from harlib.files import write
from harlib.integer import model as model_file


def export_file(model_path: Path, out: Path, form: str) -> None:
    """Write an ONNX file; an existing one is replaced.

    Args:
        model_path: an integer model.
        out: the file; its folder is made if it is missing.
        form: "onnx" (standard operators) or "qonnx".

    Raises:
        HarlibError: the model is refused, or the package onnx is missing.
    """
    try:
        from harlib.integer.onnx import qonnx, standard
    except ModuleNotFoundError as error:
        raise HarlibError(f"{error.name}: is not installed; pip install {error.name}") from None
    build = standard.build if form == "onnx" else qonnx.build
    made = build(model_file.load(model_path))
    write(out, made.SerializeToString(deterministic=True))
    operators = sorted({node.op_type for node in made.graph.node})
    print(f"{out}: {len(made.graph.node)} nodes of {', '.join(operators)}")
