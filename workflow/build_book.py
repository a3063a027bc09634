"""Build the HTML book of a run, if anything it depends on has changed.

    python workflow/build_book.py --run runs/published

The HTML lies in _build/html. With `--workspace DIR` the sources are copied to DIR and DIR/_build/html is built, so that
a book of another run can stand beside it.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from stage_book import PROJECT, StagingError, stage

TABLES = sorted(path.relative_to(PROJECT).as_posix() for path in (PROJECT / "reference").rglob("*.*") if path.is_file())
# What reference/published holds, pages take from the staged run.
SOURCES = ("_config.yml", "_toc.yml", *(name for name in TABLES if not name.startswith("reference/published/")))
NOTEBOOKS = "notebooks"  # what readers download
ALSO = ("requirements.lock", "workflow/build_book.py")


def copy_sources(workspace: Path) -> None:
    """Bring the book's sources, without a staged run, to another folder."""
    workspace.mkdir(parents=True, exist_ok=True)
    for name in SOURCES:
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, workspace / name)
    for old in (workspace / "book").glob("*"):
        if old.name != "run":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.rmtree(workspace / NOTEBOOKS, ignore_errors=True)
    (workspace / NOTEBOOKS).mkdir()
    for notebook in (PROJECT / NOTEBOOKS).glob("*.ipynb"):
        shutil.copyfile(notebook, workspace / NOTEBOOKS / notebook.name)
    ignored = shutil.ignore_patterns("run", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(PROJECT / "book", workspace / "book", ignore=ignored, dirs_exist_ok=True)


def fingerprint(workspace: Path) -> str:
    """Hash everything that the built book depends on."""
    pages = [path for path in (workspace / "book").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    own = [*pages, *(workspace / NOTEBOOKS).glob("*.ipynb"), *(workspace / name for name in SOURCES)]
    inputs = [(path.relative_to(workspace), path) for path in own]
    inputs += [(Path(name), PROJECT / name) for name in ALSO]
    digest = hashlib.sha256()
    for name, path in sorted(inputs):
        digest.update(f"{name.as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def build(workspace: Path) -> bool:
    """Build the HTML from scratch with warnings as errors; say whether it succeeded.

    Always from scratch: an incremental build renders a changed notebook anew, but not the pages that quote its numbers.
    """
    output = workspace / "_build"
    stamp = output / "book.stamp"
    wanted = fingerprint(workspace)
    if stamp.is_file() and stamp.read_text() == wanted and (output / "html" / "index.html").is_file():
        return True
    stamp.unlink(missing_ok=True)
    for folder in ("html", "jupyter_execute", ".doctrees", ".jupyter_cache"):
        shutil.rmtree(output / folder, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "-W", "-n", "--keep-going", "-q", "."]
    ran = subprocess.run(command, cwd=workspace, text=True, capture_output=True, check=False)
    if ran.returncode or not (output / "html" / "index.html").is_file():
        print(ran.stdout + ran.stderr, file=sys.stderr)
        print("The book has warnings or errors, listed above; each names its page", file=sys.stderr)
        return False
    stamp.write_text(wanted)
    return True


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the run's folder, such as runs/published")
    parser.add_argument("--workspace", type=Path, default=PROJECT, help="where the book is built")
    arguments = parser.parse_args()
    workspace = arguments.workspace.resolve()
    try:
        if workspace != PROJECT:
            copy_sources(workspace)
        stage(arguments.run, workspace)
    except StagingError as error:
        print(error, file=sys.stderr)
        return 1
    if not build(workspace):
        return 1
    print(f"The book of run {arguments.run.name} is ready: open {workspace / '_build' / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
