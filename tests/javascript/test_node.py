"""The book's JavaScript in node's test runner, held against what harlib computes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from javascript import cases

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.fail("No node found: call tools/system-packages.sh node")
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cases.write(tmp_path_factory.mktemp("cases"))


def test_there_are_test_files() -> None:
    assert len(list(HERE.glob("*.test.mjs"))) >= 3


@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_node(path: Path, node: str, written: Path) -> None:
    environment = os.environ | {"HARLIB_CASES": str(written)}
    ran = subprocess.run([node, "--test", path], text=True, capture_output=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# fail 0" in ran.stdout
    assert "# pass 0" not in ran.stdout
