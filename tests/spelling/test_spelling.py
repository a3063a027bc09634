"""Words of the pages, the notebooks' text, the README and the docstrings: British English, and the study's own words.

A right word that cspell does not know goes to words.txt beside this file, one a line, sorted.
"""

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSPELL = ROOT / "tests" / "node_modules" / "cspell" / "bin.mjs"
CONFIG = Path(__file__).with_name("cspell.json")
NO_PROSE = (
    re.compile(r"^(?P<mark>`{3,})\{math\}.*?^(?P=mark) *$", re.DOTALL | re.MULTILINE),
    re.compile(r"^(?P<fence>`{3,})(?!\{).*?^(?P=fence) *$", re.DOTALL | re.MULTILINE),  # code, not a directive
    re.compile(r"^`{3,}.*$", re.MULTILINE),  # of a directive, whose content stays
    re.compile(r"^:\w[\w-]*:.*$", re.MULTILINE),  # options of a directive, but for its alternative text
    re.compile(r"<[^<>\n]+>|\S+://\S+"),
    re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL),
    re.compile(r"(\{[\w:-]+\})?`+[^`]+`+"),
    re.compile(r"\]\([^)]*\)|\{[\w:-]+\}"),
)
SOURCES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "book").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
    *sorted((ROOT / "src" / "harlib").rglob("*.py")),
]


def prose(path: Path) -> str:
    """The text of a file, each word on the line where it stands as far as the file has lines."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        captions = [held for cell in cells for held in said(cell["metadata"].get("mystnb", {}))]
        text = "\n\n".join(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"] + captions)
    if path.suffix == ".py":
        return docstrings(text)
    text = text.replace(":alt:", "    ")
    for pattern in NO_PROSE:
        text = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    return text


def said(figure: dict[str, dict[str, str]]) -> list[str]:
    """Caption and alternative text of a figure."""
    return [figure[kind][name] for kind, name in (("figure", "caption"), ("image", "alt")) if kind in figure]


def docstrings(source: str) -> str:
    """The docstrings of a module, its examples and code left out."""
    lines = [""] * (source.count("\n") + 2)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (
            text := ast.get_docstring(node, clean=False)
        ):
            first = node.body[0].lineno - 1
            for number, line in enumerate(text.split("\n")):
                lines[first + number] = (
                    "" if line.lstrip().startswith((">>>", "...")) else re.sub(r"`[^`]*`", " ", line)
                )
    return "\n".join(lines)


def unknown(folder: Path) -> list[str]:
    """Run cspell on every file of a folder; a line a word that it does not know."""
    node = shutil.which("node")
    assert node, "node is missing: call tools/system-packages.sh node"
    assert CSPELL.is_file(), "cspell is missing: call npm ci --prefix tests"
    command = [
        node,
        CSPELL,
        "--no-progress",
        "--no-summary",
        "--no-color",
        "--config",
        CONFIG,
        "--root",
        folder,
        "**/*.txt",
    ]
    ran = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout.splitlines()


def test_every_word_is_known(tmp_path: Path) -> None:
    for path in SOURCES:
        copy = tmp_path / f"{path.relative_to(ROOT)}.txt"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(prose(path), encoding="utf-8")
    assert unknown(tmp_path) == []


def test_a_slip_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("A quantizer with a mistaek.\n")
    (found,) = unknown(tmp_path)
    assert "mistaek" in found
    assert "page.txt:1:" in found


def test_the_dictionary_is_sorted_and_has_no_word_twice() -> None:
    words = CONFIG.with_name("words.txt").read_text(encoding="utf-8").splitlines()
    assert words == sorted(set(words), key=lambda word: (word.lower(), word))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A word.\n```bash\nxyzzy\n```\nEnd.", "word End"),
        ("See {glue:text}`run/a.ipynb::xyzzy:.2f` and `xyzzy`, $xyzzy$, [text](xyzzy.md).", "See and text"),
        ("```{note}\nKept.\n```", "Kept"),
    ],
)
def test_code_formulas_and_addresses_are_no_prose(tmp_path: Path, text: str, left: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)
    assert " ".join(re.findall(r"\w{3,}", prose(path))) == left
