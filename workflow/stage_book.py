"""Copy a run's executed notebooks and figures into book/run/, where the book's pages find them under fixed names.

    python workflow/stage_book.py --run runs/published

The copy is checked first and swapped in whole: book/run/ is either the old run or the new one, never a mixture.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from harlib import parameters, playground, questions, verify
from harlib.errors import HarlibError
from harlib.freshness import Inputs
from harlib.runs import Run
from harlib.workflow import NOTEBOOKS

PROJECT = Path(__file__).resolve().parent.parent
STAGED = "book/run"
FIGURES = ("*.svg", "*.png")
MORE = "book/playground"  # a book with this page needs more of the run than its notebooks


class StagingError(Exception):
    """A run that cannot become a book; its text is one line that says why and what to do."""


def chapters(book: Path) -> list[str]:
    """Give the notebooks that the table of contents takes from the run, in reading order."""
    return [Path(file).name for file in _files(contents(book)) if Path(file).parent == Path(STAGED)]


def contents(book: Path) -> Any:
    """Read the table of contents."""
    return yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))


def _files(entry: Any) -> list[str]:
    if isinstance(entry, list):
        return [file for item in entry for file in _files(item)]
    if not isinstance(entry, dict):
        return []
    own = [entry["file"]] if "file" in entry else []
    return own + [file for key in ("parts", "chapters", "sections") for file in _files(entry.get(key, []))]


def prepare(path: Path, source: str) -> dict[str, Any]:
    """Read an executed notebook, refuse it if it is not whole, and give it as the book shows it.

    The cell of default parameters goes, the injected ones are folded away, and what differs between two runs of the
    same notebook without being a result (times, paths, widget states) is dropped. Every figure's caption ends with
    `source`, which says where its numbers come from.

    Raises:
        StagingError: a cell was not executed or ended in an error.
    """
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise StagingError(f"{path}: not a notebook ({error}); run it again") from None
    again = "run it again and look at its log"
    for number, cell in enumerate(notebook["cells"], start=1):
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code":
            for output in cell["outputs"]:
                if output["output_type"] == "error" and "raises-exception" not in tags:
                    why = f"{output['ename']}: {output['evalue']}".splitlines()[0]
                    raise StagingError(f"{path}: cell {number} ended in an error ({why}); {again}")
            if cell["execution_count"] is None and "".join(cell["source"]).strip():
                raise StagingError(f"{path}: cell {number} was not executed; {again}")
        if "parameters" in tags:
            tags = [*tags, "remove-cell"]
        if "injected-parameters" in tags:
            tags = [*tags, "hide-input"]
        if tags:
            cell["metadata"]["tags"] = list(dict.fromkeys(tags))
        for noise in ("papermill", "execution"):
            cell["metadata"].pop(noise, None)
        figure = cell["metadata"].get("mystnb", {}).get("figure", {})
        if "caption" in figure:
            figure["caption"] = f"{figure['caption'].rstrip()} *{source}*"
    for noise in ("widgets", "papermill"):
        notebook["metadata"].pop(noise, None)
    return notebook


def misfits(run: Path) -> list[str]:
    """Say what of a run this project would not give now: a line a notebook, and one a result that was changed since.

    A notebook was executed on other inputs when it is another run's, another commit's, or the project has moved on.
    """
    inputs = Inputs(PROJECT, Run(run), parameters.check(Run(run).parameters(), str(run / "params.yml")))
    found = []
    for notebook in NOTEBOOKS:
        if changed := inputs.changed(notebook):
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            found.append(f"notebooks/{notebook.name}.ipynb does not fit: {', '.join(changed[:3])}{more}")
    if (run / "manifest.json").is_file():
        held = [check for check in verify.verify(run) if check.what in ("results", "data")]
        found += [misfit for check in held for misfit in check.misfits]
    return found


def origin(run: Path) -> dict[str, str]:
    """Say where the numbers come from: the run's name and, as far as its manifest knows, the commit."""
    manifest = run / "manifest.json"
    known = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    commit = str(known.get("commit") or "")
    return {"run": run.name, "commit": commit, "dirty": "yes" if known.get("dirty") else ""}


def stage(run: Path, book: Path = PROJECT, check: Callable[[Path], list[str]] = misfits) -> Path:
    """Make `book/run/` under the book's source folder from a run, and give its path.

    Args:
        run: the run's folder, with notebooks/ and figures/ in it.
        book: the folder that holds _toc.yml and book/.
        check: what says why a run does not fit this project.

    Raises:
        StagingError: the run or a chapter is missing, a notebook is not whole, or the run does not fit. The old
            book/run/ stays as it was.
    """
    names = chapters(book)
    if not run.is_dir():
        raise StagingError(f"{run}: no such run; make it with: harlib run config/{run.name}.yml")
    missing = [name for name in names if not (run / "notebooks" / f"{name}.ipynb").is_file()]
    if missing:
        raise StagingError(
            f"{run}: not executed yet: {', '.join(missing)}; finish the run with: harlib run config/{run.name}.yml"
        )
    try:
        wrong = check(run)
    except HarlibError as error:
        wrong = [str(error)]
    if wrong:
        raise StagingError(
            f"{run} holds what today's project would not give ({'; '.join(wrong[:3])}"
            f"{f'; and {len(wrong) - 3} more' if len(wrong) > 3 else ''}); bring it up to date with: "
            f"harlib run config/{run.name}.yml"
        )
    made = origin(run)
    commit = f", commit {made['commit'][:7]}{' with changes' if made['dirty'] else ''}" if made["commit"] else ""
    notebooks = {
        name: prepare(run / "notebooks" / f"{name}.ipynb", f"Notebook {name}, run {made['run']}{commit}.")
        for name in names
    }

    scratch = book / "_build" / "staging"
    shutil.rmtree(scratch, ignore_errors=True)
    new, old, target = scratch / "new", scratch / "old", book / STAGED
    (new / "figures").mkdir(parents=True)
    for name, notebook in notebooks.items():
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        (new / f"{name}.ipynb").write_text(text, encoding="utf-8")
    for figure in sorted(path for pattern in FIGURES for path in (run / "figures").glob(pattern)):
        shutil.copyfile(figure, new / "figures" / figure.name)
    if (claims := run / "claims.json").is_file():  # the banner of book/_ext/claims.py
        shutil.copyfile(claims, new / claims.name)
    if MORE in _files(contents(book)):
        try:
            playground.write(run, new / "playground")
            questions.write(run, new / "questions")
        except HarlibError as error:
            raise StagingError(str(error)) from None
    (new / "origin.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(scratch)
    return target


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the run's folder, such as runs/published")
    arguments = parser.parse_args()
    try:
        stage(arguments.run)
    except StagingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
