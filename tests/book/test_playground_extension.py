"""The extension behind the playground: modules are joined, data and script go to the pages that ask for them."""

import json
import shutil
import subprocess
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from helpers import load_script
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def extension() -> ModuleType:
    return load_script(ROOT / "book" / "_ext" / "playground.py")


def write(folder: Path, **sources: str) -> Path:
    for name, source in sources.items():
        (folder / f"{name}.mjs").write_text(source)
    return folder


def test_modules_keep_their_own_names(extension: ModuleType, tmp_path: Path) -> None:
    write(
        tmp_path,
        main='import { a } from "./one.mjs";\nimport { b } from "./two.mjs";\nconsole.log(a, b());\n',
        one='import {\n  b,\n} from "./two.mjs";\nconst hidden = 1;\nexport const a = hidden + b();\n',
        two="const hidden = 2;\nexport function b() {\n  return hidden;\n}\n",
    )
    script = extension.join(tmp_path)
    assert script.count("const module_two") == 1
    node = shutil.which("node") or pytest.fail("No node found: call tools/system-packages.sh node")
    ran = subprocess.run([node, "-"], input=script, text=True, capture_output=True, check=True)
    assert ran.stdout == "3 2\n"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('import all from "./one.mjs";\n', "is a form that is not joined"),
        ("export default 1;\n", "is a form that is not joined"),
        ('import { a } from "./main.mjs";\nexport const b = a;\n', "main -> one -> main"),
    ],
)
def test_what_cannot_be_joined_is_refused(extension: ModuleType, tmp_path: Path, source: str, why: str) -> None:
    write(tmp_path, main='import { b } from "./one.mjs";\nexport const a = b;\n', one=source)
    with pytest.raises(ExtensionError, match=why):
        extension.join(tmp_path)


def test_the_books_script_is_a_classic_one(extension: ModuleType) -> None:
    script = extension.join(ROOT / "book" / "js")
    for path in (ROOT / "book" / "js").glob("*.mjs"):
        assert f"const module_{path.stem.replace('-', '_')} = " in script, f"{path.name} is used by no other"


def shown(extension: ModuleType, folder: Path, widgets: str) -> tuple[dict[str, Any], list[str]]:
    added: list[str] = []
    app = SimpleNamespace(
        srcdir=folder,
        env=SimpleNamespace(metadata={"page": {"playground": widgets}}),
        add_js_file=lambda name, **_: added.append(name),
        add_css_file=added.append,
    )
    context = {"body": "<p>text</p>"}
    extension.add_data(app, "page", "page.html", context, None)
    return context, added


def test_a_page_gets_what_its_widgets_need_and_no_more(extension: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "book" / "run" / "playground"
    folder.mkdir(parents=True)
    for name in ("model", "samples", "weights", "grid"):
        (folder / f"{name}.json").write_text(json.dumps({"name": f"{name} </script>"}))
    context, added = shown(extension, tmp_path, "scales classify")
    assert added == ["playground.js", "playground.css"]
    assert context["body"].count('id="playground-') == 2
    assert context["body"].count("</script>") == 2
    inside = context["body"].split('id="playground-samples">')[1].split("</script>")[0]
    assert json.loads(inside) == {"name": "samples </script>"}
    assert shown(extension, tmp_path, "") == ({"body": "<p>text</p>"}, [])


def test_a_missing_block_is_named(extension: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match=r"weights\.json is missing"):
        shown(extension, tmp_path, "threshold")
