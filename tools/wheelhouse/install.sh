#!/bin/sh
# Install harlib without a network: sh install.sh [FOLDER]. Stopped, the same command goes on.
set -eu

fail() {
    echo "$*" >&2
    exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:-harlib}
python=${PYTHON:-python3.11}

[ "$(uname -sm)" = "@platform@" ] ||
    fail "These wheels are for @platform@ and this is $(uname -sm): ask for a wheelhouse packed on such a machine"
"$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null ||
    fail "$python is missing, or not Python 3.11 with its venv module. Name another: PYTHON=/path/to/python3.11 sh install.sh"
if [ -e "$folder" ] && [ ! -f "$folder/pyproject.toml" ]; then
    fail "$folder is there already and is no harlib: name another folder, sh install.sh FOLDER"
fi

if command -v sha256sum >/dev/null; then sum=sha256sum; else sum="shasum -a 256"; fi
[ -f "$here/CHECKSUMS" ] || fail "$here/CHECKSUMS is missing: copy the folder again"
damaged=$(cd "$here" && $sum -c CHECKSUMS 2>/dev/null | sed '/: OK$/d')
[ -z "$damaged" ] || fail "$damaged: copy the folder $here again"

if [ ! -e "$folder" ]; then
    part=$folder.part
    rm -rf "$part"
    mkdir -p "$part/_build/html" "$part/runs"
    tar -xzf "$here/harlib.tar.gz" -C "$part"
    "$python" -m zipfile -e "$here/book.zip" "$part/_build/html"
    if [ -f "$here/run.tar.gz" ]; then tar -xzf "$here/run.tar.gz" -C "$part/runs"; fi
    mv "$part" "$folder"
fi

# pip parts its list of links at blanks, so that one in the path is written %20.
PIP_FIND_LINKS=file://$(printf %s "$here/wheels" | sed 's/%/%25/g; s/ /%20/g')
PIP_NO_INDEX=1
PIP_CONFIG_FILE=/dev/null
export PIP_FIND_LINKS PIP_NO_INDEX PIP_CONFIG_FILE
TORCH=cpu "$python" "$folder/tools/environment.py"

folder=$(CDPATH='' cd -- "$folder" && pwd)
echo "harlib is in $folder. The book: open _build/html/index.html there in a browser. The notebooks:"
echo "    cd '$folder' && .venv/bin/jupyter lab notebooks"
