"""Exported C on Cortex-M cores under QEMU: exact, without floating point, repeatable, within its targets."""

import csv

import pytest
from helpers import load_script

from harlib.integer import vectors
from harlib.integer.model import load
from harlib.project import project_root

ROOT = project_root()
PUBLISHED = ROOT / "reference" / "published"
cortex_m = load_script(ROOT / "tools" / "cortex_m.py")
needs_qemu = pytest.mark.skipif(bool(cortex_m.missing()), reason="no QEMU or compiler: tools/system-packages.sh arm")


def measure(core, backend, count=64, fold=0):
    model = load(PUBLISHED / "models" / f"fold{fold}.json")
    return cortex_m.measure(model, vectors.load(PUBLISHED / "vectors" / f"fold{fold}.npz"), core, backend, count)


@needs_qemu
@pytest.mark.parametrize("backend", cortex_m.BACKENDS)
def test_a_core_without_dsp_and_divider_gives_the_vectors_without_floats(backend):
    found = measure("cortex-m0", backend, count=2)
    assert found.wrong == 0
    assert found.floats == []
    assert found.stack < 1024
    assert sum(found.layers) == pytest.approx(sum(found.instructions) / 2, rel=0.01)


@needs_qemu
@pytest.mark.slow
@pytest.mark.parametrize("fold", range(5))
@pytest.mark.parametrize("core", cortex_m.BOARDS)
def test_every_core_gives_all_vectors(core, fold):
    for backend in cortex_m.BACKENDS:
        found = measure(core, backend, fold=fold)
        assert found.wrong == 0
        assert found.floats == []
        if backend == "packed" and core in ("cortex-m4", "cortex-m33"):
            assert max(found.instructions) <= 1.4e6


def test_float_symbols_are_told_from_others():
    names = "00000000 T __aeabi_fadd\n T __muldf3\n U __aeabi_ui2d\n T __floatsisf\n T __aeabi_idiv\n T __aeabi_lmul"
    assert {match[0] for match in cortex_m.FLOAT.finditer(names)} == {
        "__aeabi_fadd", "__muldf3", "__aeabi_ui2d", "__floatsisf",
    }  # fmt: skip


def test_the_committed_table_keeps_to_its_targets():
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for part in ("", "-conditions"):
        with (ROOT / "reference" / "engines" / f"cortex-m{part}.csv").open() as file:
            for row in csv.DictReader(file):
                rows.setdefault((row["core"], row["back end"]), {}).update(row)
    assert set(rows) == {(core, backend) for core in cortex_m.BOARDS for backend in cortex_m.BACKENDS}
    for core, limit in (("cortex-m4", 1.4e6), ("cortex-m3", 1.9e6), ("cortex-m33", 1.4e6), ("cortex-m0", 4.2e6)):
        row = rows[core, "packed"]
        assert int(row["most"]) <= limit
        assert int(row["flash (bytes)"]) <= 24 * 1024
        assert int(row["RAM (bytes)"]) + int(row["stack (bytes)"]) <= 56 * 1024
        assert float(rows[core, "compact"]["ratio"]) <= 0.88
        assert int(rows[core, "compact"]["flash (bytes)"]) <= 8 * 1024
    assert {row["differing logits"] for row in rows.values()} == {"0"}
    assert {row["float symbols"] for row in rows.values()} == {"0"}
