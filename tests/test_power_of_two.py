"""The networks whose multipliers are powers of two: what is committed of them, and that their code has no product."""

import csv
import re
import subprocess

import pandas as pd
import pytest

from harlib.integer import vectors
from harlib.integer.c.source import sources
from harlib.integer.model import load
from harlib.integer.native import Native, find_compiler
from harlib.project import project_root

KEPT = project_root() / "reference" / "power-of-two"
MODELS = [KEPT / "models" / f"fold{fold}.json" for fold in range(5)]
PRODUCT = re.compile(r"\t(mul|mla|mls|smul|smla|smmul|umull|smull|umlal|smlal)\w*(\.\w)?\t")


def instructions(folder):
    with (project_root() / "reference" / folder / "cortex-m.csv").open() as file:
        rows = {(row["core"], row["back end"]): int(row["instructions"]) for row in csv.DictReader(file)}
    assert len(rows) == 8
    return rows


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_multiplier_is_a_power_of_two(path):
    for layer in load(path).convolutions:
        assert all(multiplier.bit_count() == 1 for multiplier in layer.multiplier)
        assert all(1 in scale for scale in zip(layer.multiplier, layer.shift, strict=True))


def test_the_first_fold_gives_its_vectors():
    held = vectors.load(KEPT / "vectors" / "fold0.npz")
    assert vectors.verify(load(MODELS[0]), held) == len(held.input)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler: tools/system-packages.sh c")
@pytest.mark.parametrize("backend", ["packed", "compact", "fast"])
def test_every_back_end_gives_them_too(backend, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    held = vectors.load(KEPT / "vectors" / "fold0.npz")
    assert (Native(load(MODELS[0]), backend=backend)(held.input) == held.logits).all()


def products(backend, core, folder):
    """Instructions that multiply, by function, in what a compiler makes of the first fold's code."""
    for name, text in sources(load(MODELS[0]), backend).items():
        (folder / name).write_text(text)
    gcc = ["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", "-std=c99", "-O2", "-fno-schedule-insns"]
    try:
        subprocess.run(
            [*gcc, "-c", str(folder / "harlib_model.c"), "-o", str(folder / "model.o")], check=True, timeout=300
        )
    except FileNotFoundError:
        pytest.skip("no arm-none-eabi-gcc: tools/system-packages.sh arm")
    listing = subprocess.run(
        ["arm-none-eabi-objdump", "-d", str(folder / "model.o")], check=True, capture_output=True, text=True
    ).stdout
    counts, function = {}, ""
    for line in listing.splitlines():
        if match := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            function = match[1]
        elif PRODUCT.search(line):
            counts[function] = counts.get(function, 0) + 1
    return counts


def test_packed_code_has_no_product_but_for_addresses_of_rows(tmp_path):
    assert products("packed", "cortex-m0", tmp_path) == {}
    found = products("packed", "cortex-m4", tmp_path)
    assert set(found) <= {"harlib_run"}
    assert sum(found.values()) < 10


def test_what_the_page_says_of_instructions_holds():
    ours, dyadic = instructions("power-of-two"), instructions("engines")
    assert all(ours[core, "packed"] < dyadic[core, "packed"] for core in ("cortex-m0", "cortex-m3"))
    assert all(ours[core, "packed"] > dyadic[core, "packed"] for core in ("cortex-m4", "cortex-m33"))
    fewer = [core for core, backend in ours if backend == "compact" and ours[core, backend] < dyadic[core, backend]]
    assert fewer == ["cortex-m0"]


def test_the_comparison_is_of_all_networks_and_its_sides_add_up():
    rows = pd.read_csv(KEPT / "comparison.csv").set_index("network")
    assert set(rows["networks"]) == {15}
    loss = rows["fresh loss (points)"].str.split().str[0].astype(float)
    accuracy = rows["fresh accuracy (%)"]
    own, free = (accuracy[f"integer, trained so from {start}"] for start in ("an fp32 that has them", "the free fp32"))
    dyadic = accuracy["integer, dyadic, against its own fp32"]
    assert loss["integer, trained so from an fp32 that has them"] == pytest.approx(dyadic - own, abs=0.011)
    assert loss["integer, trained so from the free fp32"] == pytest.approx(dyadic - free, abs=0.011)
