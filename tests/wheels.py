"""Makes wheels for tests, with the standard library alone: a build backend in an empty environment uses it, too."""

import base64
import hashlib
import zipfile
from pathlib import Path


def make(folder: Path, name: str, version: str, files: dict[str, str | bytes]) -> str:
    """Write a wheel of pure Python (PEP 427) from its files; gives its name."""
    info = f"{name}-{version}.dist-info"
    held = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, content in held.items():
            data = content.encode() if isinstance(content, str) else content
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{place},sha256={digest},{len(data)}")
            archive.writestr(place, data)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return path.name
