"""The pages for those who teach: their commands are valid, and they name sections that exist."""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml
from docutils import nodes
from helpers import load_script

from harlib import notebooks, parameters

ROOT = Path(__file__).resolve().parents[2]
CHANGES = ROOT / "book" / "change-one-thing.md"
PAGES = sorted((ROOT / "book").glob("*.md"))
COMMAND = re.compile(r"papermill (notebooks/\S+\.ipynb)([^\n`]*)")


def commands(text: str) -> list[tuple[Path, dict[str, str]]]:
    lines = text.replace("\\\n", "")
    return [
        (ROOT / name, dict(re.findall(r"-p (\S+) (\S+)", rest)))
        for name, rest in COMMAND.findall(lines)
        if "-p" in rest
    ]


def headings(notebook: Path) -> set[str]:
    cells = json.loads(notebook.read_text())["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"^## (.+)$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_parameter_of_a_command_is_the_notebooks_and_in_range(page: Path) -> None:
    for notebook, given in commands(page.read_text()):
        values = {name: yaml.safe_load(value) for name, value in given.items() if name not in ("from_run", "to_run")}
        assert given.keys() <= notebooks.declared(notebook).keys()
        parameters.check(values)


def test_ten_changes_each_of_one_parameter_and_none_to_the_default() -> None:
    found = commands(CHANGES.read_text())
    assert len(found) == len(re.findall(r"^## \d+\. ", CHANGES.read_text(), re.MULTILINE)) == 10
    assert len({str(item) for item in found}) == 10
    for notebook, given in found:
        ((name, value),) = (item for item in given.items() if item[0] != "from_run")
        assert notebooks.declared(notebook)[name] != yaml.safe_load(value)


def test_every_change_has_its_measured_times() -> None:
    time_changes = load_script(ROOT / "tools" / "time_changes.py")
    with (ROOT / "book" / "tables" / "changes.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == time_changes.COLUMNS
    found = time_changes.changes(CHANGES.read_text())
    assert [row[:2] for row in rows] == [[title, chapter] for title, chapter, *_ in found.values()]
    assert all(0 < int(row[2]) < 600 for row in rows)
    assert [notebook for _, _, notebook, _ in found.values()] == [
        path.relative_to(ROOT).as_posix() for path, _ in commands(CHANGES.read_text())
    ]


def test_every_change_names_sections_of_its_chapter() -> None:
    for part in re.split(r"^## \d+\. ", CHANGES.read_text(), flags=re.MULTILINE)[1:]:
        ((notebook, _),) = commands(part)
        look = part.split("## ")[0].split("```")[2]
        assert set(re.findall(r"\*([A-Z][^*]+)\*", " ".join(look.split()))) <= headings(notebook)


def test_every_cure_of_a_misconception_is_a_section_of_the_chapter() -> None:
    text = (ROOT / "book" / "instructors-guide.md").read_text()
    found = re.findall(r"\[\]\(run/([\w-]+)\.ipynb\), \*([^*]+)\*", text)
    assert len(found) >= 8
    for name, heading in found:
        assert heading in headings(ROOT / "notebooks" / f"{name}.ipynb")


def test_the_guide_names_every_chapter() -> None:
    text = (ROOT / "book" / "instructors-guide.md").read_text()
    assert all(f"(run/{path.name})" in text for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_every_chapter_ends_with_how_to_open_it() -> None:
    locally = load_script(ROOT / "book" / "_ext" / "locally.py")
    for page, expected in (("book/run/05-pruning", 1), ("book/intro", 0)):
        tree = nodes.document(None, None)
        tree += nodes.section("", nodes.title("", "Pruning"))
        app = type("App", (), {"env": type("Env", (), {"docname": page})})
        locally.add(app, tree)
        found = list(tree.findall(nodes.note))
        assert len(found) == expected
        assert all("05-pruning.ipynb and set from_run" in note.astext() for note in found)
        links = [str(node["reftarget"]).lstrip("/") for note in found for node in note.findall() if "reftarget" in node]
        assert all((ROOT / f"{target}.md").is_file() for target in links)
        assert len(links) == 2 * expected


FORMULA = re.compile(r"```\{math\}(.*?)```|\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
NO_SYMBOL = re.compile(r"\\(?:text|mathrm|begin|end|label)\{[^}]*\}|:label:.*|_\{max\}|\\log|\\exp|\\Pr")
GREEK = {"alpha", "beta", "gamma", "delta", "Delta", "eta", "lambda", "mu", "sigma", "varepsilon", "varphi", "Phi"}


def symbols(text: str) -> set[str]:
    """The letters of all formulas of a text, outside solutions."""
    text = re.sub(r"^````\{admonition\} Solution\n.*?^````$", "", text, flags=re.DOTALL | re.MULTILINE)
    bare = " ".join(NO_SYMBOL.sub("", "".join(found)) for found in FORMULA.findall(text))
    commands = set(re.findall(r"\\([A-Za-z]+)", bare)) & GREEK
    return commands | set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", re.sub(r"\\[A-Za-z]+", " ", bare)))


def test_symbols_are_letters_of_formulas_and_nothing_else() -> None:
    text = "A $w_i$ of\n```{math}\n:label: eq-x\n\\frac{\\alpha}{\\max(b, \\text{high})}\n```\n$$q^2 \\cdot \\sigma_c$$"
    assert symbols(text) == {"w", "i", "alpha", "b", "q", "sigma", "c"}


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notation_page_has_every_symbol_of_a_chapter(notebook: Path) -> None:
    """Those of the first table, those of the chapter's own row, Euler's number and the O of costs."""
    page = (ROOT / "book" / "notation.md").read_text()
    general, own = page.split("Some letters serve twice")
    row = "".join(line for line in own.splitlines() if line.startswith(f"| [](run/{notebook.name})"))
    cells = json.loads(notebook.read_text())["cells"]
    used = symbols("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"))
    assert used <= symbols(general) | symbols(row) | {"e", "O"}
