#!/usr/bin/env bash
# Installs the system packages that single targets need, where they are missing: tools/system-packages.sh browser
set -euo pipefail

browser() {
    local name
    for name in "${HARLIB_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [ -n "$name" ] && command -v "$name" >/dev/null; then return; fi
    done
    install_packages "a browser for the book's test" chromium
}

# gcc builds; clang and cppcheck give a second opinion.
c() {
    local name missing=()
    for name in gcc clang cppcheck; do
        if ! command -v "$name" >/dev/null; then missing+=("$name"); fi
    done
    if [ ${#missing[@]} -gt 0 ]; then install_packages "compilers for the C engine" "${missing[@]}"; fi
}

# Runs the tests of the book's JavaScript (its test runner came with version 18); npm brings tests/package.json.
node() {
    if [ "$(command node -p 'process.versions.node.split(".")[0] >= 18' 2>/dev/null)" = true ] &&
        command -v npm >/dev/null; then return; fi
    install_packages "tests of the book's JavaScript" nodejs npm
}

# A compiler for Cortex-M and a machine to run its code on.
arm() {
    if ! command -v arm-none-eabi-gcc >/dev/null || ! command -v qemu-system-arm >/dev/null; then
        install_packages "a compiler and an emulator for microcontrollers" gcc-arm-none-eabi qemu-system-arm
    fi
}

# A cluster of one node for the sweep's test, set up in a temporary folder by tests/slurm/cluster.py.
slurm() {
    if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
        install_packages "a cluster to try sweeps on" slurm-wlm munge
    fi
}

install_packages() {
    local purpose=$1
    shift
    if ! command -v apt-get >/dev/null; then
        echo "Missing: $* ($purpose). There is no apt-get here: install it with this system's package manager." >&2
        exit 1
    fi
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing: $* ($purpose). As root: apt-get install $*" >&2
            exit 1
        fi
        root=(sudo)
    fi
    echo "System packages: $* ($purpose)"
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 -qq)
    local log
    log=$(mktemp)
    if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "apt-get could not install $* ($purpose); its last words stand above" >&2
        exit 1
    fi
    rm -f "$log"
}

case "${1:-}" in
browser) browser ;;
c) c ;;
slurm) slurm ;;
arm) arm ;;
node) node ;;
*)
    echo "usage: tools/system-packages.sh browser | c | node | arm | slurm" >&2
    exit 2
    ;;
esac
