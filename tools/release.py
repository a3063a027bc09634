"""What a release needs: an archive of the published run, its checksum in the repository, and everything in its place.

python tools/release.py archive          writes _build/release/<name>.tar.gz and reference/release.json
python tools/release.py unpack FOLDER    checks the archive in a folder and unpacks it to runs/published
python tools/release.py check            names what is missing; status 1 then
"""

import argparse
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "reference" / "release.json"
RUN = ROOT / "runs" / "published"
LEFT_OUT = {".snakemake", "logs", ".lock", "progress.log", "snakemake.log"}
NEEDED = (
    *("README.md", "LICENSE", "LICENSE-text", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md"),
    *("requirements.lock", "environment.yml", ".github/workflows/test.yml", ".github/workflows/publish.yml"),
)


class ReleaseError(Exception):
    """Something that keeps a release back; its text is one line."""


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version as each file has it."""
    changes = re.findall(r"(?m)^## (\S+)", (root / "CHANGELOG.md").read_text())
    citation = re.findall(r"(?m)^version: (\S+)", (root / "CITATION.cff").read_text())
    module = re.findall(r'(?m)^__version__ = "(.+)"', (root / "src" / "harlib" / "__init__.py").read_text())
    return {
        "pyproject.toml": tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"],
        "CITATION.cff": citation[0] if citation else "none",
        "CHANGELOG.md": changes[0] if changes else "none",
        "src/harlib/__init__.py": module[0] if module else "none",
    }


def archive(run: Path = RUN, folder: Path = ROOT / "_build" / "release", record: Path = RECORD) -> Path:
    """Pack a finished run; the same files give the same bytes."""
    if not (run / "manifest.json").is_file():
        raise ReleaseError(f"{run} is not finished: harlib run config/{run.name}.yml")
    version = versions()["pyproject.toml"]
    path = folder / f"harlib-{version}-run-published.tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    kept = [item.relative_to(run) for item in sorted(run.rglob("*")) if item.is_file()]
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in (name for name in kept if not LEFT_OUT & set(name.parts)):
            entry = tar.gettarinfo(run / name, f"published/{name.as_posix()}")
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = 0, 0, 0, "", "", 0o644
            with (run / name).open("rb") as content:
                tar.addfile(entry, content)
    mark = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(json.dumps({"version": version, "archive": path.name, "sha256": mark}, indent=1) + "\n")
    return path


def unpack(folder: Path, runs: Path = ROOT / "runs", record: Path = RECORD) -> Path:
    """Unpack the archive that the record names, if its checksum is the committed one.

    Raises:
        ReleaseError: no record, no archive, another content, or a run that is there already.
    """
    if not record.is_file():
        raise ReleaseError(f"{record} is missing: python tools/release.py archive")
    held = json.loads(record.read_text())
    path = folder / held["archive"]
    if not path.is_file():
        raise ReleaseError(f"{path} is missing: take it from the release {held['version']}")
    if (mark := hashlib.sha256(path.read_bytes()).hexdigest()) != held["sha256"]:
        raise ReleaseError(f"{path} has the checksum {mark}, {record.name} says {held['sha256']}: it is another run's")
    if (runs / "published").exists():
        raise ReleaseError(f"{runs / 'published'} is there already: move it away")
    with tarfile.open(path) as tar:
        tar.extractall(runs, filter="data")
    return runs / "published"


def problems(root: Path = ROOT) -> list[str]:
    """Everything that keeps a release back, a line each."""
    found = [f"{name} is missing" for name in NEEDED if not (root / name).is_file()]
    if found:
        return found
    named = versions(root)
    if len(set(named.values())) > 1:
        found.append(f"versions differ: {', '.join(f'{name} {version}' for name, version in named.items())}")
    version = named["pyproject.toml"]
    if not re.search(rf"(?m)^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", (root / "CHANGELOG.md").read_text()):
        found.append(f"CHANGELOG.md has no date for {version}: ## {version} (YYYY-MM-DD)")
    reference = root / "reference" / "published" / "manifest.json"
    manifest = json.loads(reference.read_text()) if reference.is_file() else {}
    if not manifest:
        found.append("reference/published is missing: make publish-reference")
    elif manifest["dirty"] or not manifest["commit"]:
        found.append("reference/published was made from uncommitted changes: commit, then make publish-reference")
    record = root / "reference" / "release.json"
    held = json.loads(record.read_text()) if record.is_file() else {}
    if held.get("version") != version:
        found.append(f"reference/release.json is not of {version}: make release-archive")
    path = root / "_build" / "release" / held.get("archive", "none")
    if held and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != held["sha256"]:
        found.append(f"{path.name} has another checksum than reference/release.json: make release-archive")
    status = subprocess.run(["git", "status", "--porcelain"], cwd=root, text=True, capture_output=True, check=False)
    if status.returncode or status.stdout.strip():
        found.append("there are uncommitted changes, or this is no git repository")
    return found


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["archive", "unpack", "check"])
    parser.add_argument("folder", type=Path, nargs="?", help="that holds the archive (unpack)")
    options = parser.parse_args()
    try:
        if options.what == "archive":
            print(f"{archive()}: attach it to the release; its checksum is in {RECORD.relative_to(ROOT)}")
        elif options.what == "unpack":
            print(f"{unpack(options.folder or ROOT / '_build' / 'release')} is unpacked")
        elif found := problems():
            raise ReleaseError("\n".join(found))
        else:
            print("Nothing is missing for a release")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
