"""`harlib export c`: a model file to a folder of C99."""

from pathlib import Path

from harlib.files import write
from harlib.integer import model as model_file
from harlib.integer.c.source import sources


def export_file(model_path: Path, out: Path, backend: str) -> list[Path]:
    """Write harlib_model.h, harlib_model.c, main.c and Makefile; existing ones are replaced.

    Args:
        model_path: an integer model.
        out: the folder, made if it is missing.
        backend: "compact" or "fast".

    Raises:
        HarlibError: the model is refused, `fast` cannot hold it, or `out` cannot be written.
    """
    texts = sources(model_file.load(model_path), backend)
    for name, text in texts.items():
        write(out / name, text)
    print(f"{out}: {', '.join(texts)}; build with make -C {out}")
    return [out / name for name in texts]
