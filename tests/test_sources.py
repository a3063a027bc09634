"""What no source file of the project may do: unpickle, load YAML objects, evaluate text, or draw unseeded numbers."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "workflow", "tools", "book/_ext")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}
CALLS = {
    "eval",
    "exec",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "torch.load",
    "torch.save",
    "joblib.load",
    "joblib.dump",
    "pandas.read_pickle",
    "pd.read_pickle",
    "os.system",
}
GLOBAL_RANDOM = re.compile(r"((np|numpy)\.)?random\.\w+")
SEEDED = {"np.random.default_rng", "np.random.SeedSequence", "np.random.Generator", "random.Random"}


def source(path: Path) -> str:
    if path.suffix == ".py":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))


def offences(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"imports {name}" for name in names if name.split(".")[0] in MODULES]
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in CALLS:
            found.append(f"calls {name}")
        if name in ("np.load", "numpy.load", "np.savez_compressed", "np.savez", "np.save"):
            allowed = keywords.get("allow_pickle")
            if not (isinstance(allowed, ast.Constant) and allowed.value is False):
                found.append(f"{name} without allow_pickle=False")
        if GLOBAL_RANDOM.fullmatch(name) and (name not in SEEDED or not (node.args or node.keywords)):
            found.append(f"draws from {name} without a seed")
        if keywords.get("shell") is not None and ast.unparse(keywords["shell"]) == "True":
            found.append("runs a shell")
    return found


@pytest.mark.parametrize("path", [*FILES, *NOTEBOOKS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_dangerous_and_nothing_unseeded(path):
    assert offences(source(path)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from cloudpickle import loads",
        "yaml.load(text)",
        "eval(text)",
        "torch.load(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.random.default_rng()",
        "np.random.normal(2)",
        "subprocess.run(command, shell=True)",
    ],
)
def test_the_check_sees_what_it_looks_for(text):
    assert offences(text) != []
