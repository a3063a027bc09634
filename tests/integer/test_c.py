"""The exported C against the oracle, bit for bit, built with every warning an error and under sanitizers."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harlib import cli
from harlib.errors import HarlibError
from harlib.integer import oracle, proofs, vectors
from harlib.integer.c.packing import pack, unpack
from harlib.integer.c.source import BACKENDS, sources
from harlib.integer.exactness import with_powers_of_two
from harlib.integer.model import load, parse
from harlib.integer.native import Native, find_compiler
from harlib.project import project_root
from integer.examples import inputs, models

PUBLISHED = project_root() / "reference" / "published"
GOLDEN = load(Path(__file__).with_name("golden.json"))
BLIND = GOLDEN.linear.model_copy(update={"weight": tuple((0,) * len(row) for row in GOLDEN.linear.weight)})
CONSTANT = GOLDEN.model_copy(update={"layers": (*GOLDEN.layers[:-1], BLIND)})  # its logits read no feature
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="no C compiler: tools/system-packages.sh c")


def build(model, backend, folder, compiler=None, flags=SANITIZE):
    for name, text in sources(model, backend).items():
        (Path(folder) / name).write_text(text)
    program = Path(folder) / "example"
    files = [str(Path(folder) / name) for name in ("main.c", "harlib_model.c")]
    done = subprocess.run(
        [compiler or find_compiler(), *STRICT, *flags, "-o", str(program), *files], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[:2000]
    return program


def logits(program, x):
    done = subprocess.run([str(program)], input=x.tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[:2000]
    return [line.split() for line in done.stdout.decode().splitlines()]


def edge_inputs(model):
    """All 0, all 255, the zero point, stripes, and the first layer's inputs that attain its bounds."""
    shape = model.input.shape
    maps = [np.full(shape, code, np.uint8) for code in (0, 255, model.input.zero_point)]
    maps += [(np.indices(shape)[axis] % 2 * 255).astype(np.uint8) for axis in (1, 2)]
    first = model.convolutions[0]
    for channel in range(first.out_channels):
        maps += [proofs.attaining_input(model, first.name, channel, upper)[0] for upper in (False, True)]
    return np.stack(maps)


def test_packed_bytes_are_those_of_the_format():
    assert pack(np.array([[1, 0, -1, 1], [0, 0, 0, -1], [1, -1, 0, 0]], np.int8)).tolist() == [0x71, 0xC0, 0x0D]
    assert pack(np.array([-1], np.int8)).tolist() == [3]


@given(st.lists(st.integers(-1, 1), min_size=1, max_size=40))
def test_packing_can_be_undone(weights):
    weight = np.array(weights, np.int8)
    np.testing.assert_array_equal(unpack(pack(weight), weight.shape), weight)


@pytest.mark.parametrize(("packed", "count"), [([2], 1), ([4], 1), ([0, 0], 4), ([], 1)])
def test_bytes_that_are_no_weights_are_refused(packed, count):
    with pytest.raises(HarlibError, match="packed weights"):
        unpack(np.array(packed, np.uint8), (count,))


@needs_compiler
@pytest.mark.parametrize("backend", BACKENDS)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(models())
@example(GOLDEN)
@example(CONSTANT)
def test_any_model_is_exact_and_clean_under_sanitizers(backend, model):
    x = np.concatenate([edge_inputs(model), inputs(model, 20)])
    expected = oracle.run(model, x)
    # What is written for cores with signal instructions is C as well.
    for flags in [[], ["-D__ARM_FEATURE_DSP=1"]] if backend == "packed" else [[]]:
        with tempfile.TemporaryDirectory() as folder:
            lines = logits(build(model, backend, folder, flags=[*SANITIZE, *flags]), x)
        assert [[int(value) for value in line[-len(model.classes) :]] for line in lines] == expected.tolist()
    names = [" ".join(line[: -len(model.classes)]) for line in lines]
    assert names == [model.classes[label] for label in expected.argmax(1)]


@needs_compiler
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["golden", "fold0", "fold1"])
def test_models_of_powers_of_two_are_exact(name, backend, tmp_path):
    model = with_powers_of_two(GOLDEN if name == "golden" else load(PUBLISHED / "models" / f"{name}.json"))
    x = np.concatenate([edge_inputs(model), inputs(model, 20)])
    lines = logits(build(model, backend, tmp_path), x)
    expected = oracle.run(model, x)
    assert [[int(value) for value in line[-len(model.classes) :]] for line in lines] == expected.tolist()


def other_width(width):
    """The first published fold's layers on maps of another width."""
    fields = json.loads((PUBLISHED / "models" / "fold0.json").read_text())
    fields["input"]["shape"][2] = width
    pool = next(layer for layer in fields["layers"] if layer["op"] == "global_average_pool")
    count = 32 * (width // 2)
    pool |= {"count": count, "multiplier": round(2**20 / count), "shift": 20}
    return parse(json.dumps(fields))


def strided_later(zero_point):
    """A layer behind the first with a stride of its own, whose rows are taken apart; padding is no 0."""
    convs = [
        {
            "in_channels": 2,
            "out_channels": 2,
            "kernel": [1, 4],
            "stride": [1, 1],
            "padding": [0, 1],
            "input_zero_point": 3,
        },
        {
            "in_channels": 2,
            "out_channels": 3,
            "kernel": [3, 3],
            "stride": [2, 3],
            "padding": [1, 1],
            "input_zero_point": zero_point,
        },
    ]
    rng = np.random.default_rng(0)
    layers = []
    for number, conv in enumerate(convs):
        out, shape = conv["out_channels"], (conv["out_channels"], conv["in_channels"], *conv["kernel"])
        layers.append(
            conv
            | {
                "op": "conv2d",
                "name": f"conv{number}",
                "groups": 1,
                "weight": rng.integers(-1, 2, shape).tolist(),
                "bias": [5] * out,
                "multiplier": [40000] * out,
                "shift": [17] * out,
                "output_zero_point": zero_point,
                "clamp": [zero_point, 255],
                "weight_scale": 1.0,
                "real_multiplier": [40000 / 2**17] * out,
                "output_scale": 1.0,
            }
        )
    layers.append(
        {
            "op": "global_average_pool",
            "name": "pool",
            "count": 6,
            "multiplier": 43691,
            "shift": 18,
            "input_zero_point": zero_point,
        }
    )
    layers.append(
        {
            "op": "linear",
            "name": "linear",
            "in_features": 3,
            "out_features": 2,
            "weight": [[1, -1, 0], [0, 1, 1]],
            "bias": [0, 1],
            "input_zero_point": zero_point,
            "weight_scale": 1.0,
            "logit_scale": 1.0,
        }
    )
    source = {"shape": [2, 5, 6], "low": 0.0, "high": 1.0, "scale": 1.0, "zero_point": 3}
    head = {"format": "harlib-integer", "version": 1, "classes": ["a", "b"]}
    return parse(json.dumps(head | {"input": source, "layers": layers}))


@needs_compiler
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "model", [other_width(24), other_width(48), other_width(60), strided_later(0), strided_later(9)]
)
def test_nothing_is_read_that_was_not_written(model, backend, tmp_path):
    """The state starts as rubbish; widths are no multiple of a vector."""
    x = np.concatenate([edge_inputs(model), inputs(model, 10)])
    for name, text in sources(model, backend).items():
        text = text.replace(
            "harlib_run(&state",
            "for (unsigned k = 0; k < sizeof state; k++) { ((unsigned char *)&state)[k] = 0xa5; } harlib_run(&state",
        )
        (tmp_path / name).write_text(text)
    assert "0xa5" in (tmp_path / "main.c").read_text()
    files = [str(tmp_path / name) for name in ("main.c", "harlib_model.c")]
    program = tmp_path / "poisoned"
    subprocess.run([find_compiler(), "-std=c99", *SANITIZE, "-o", str(program), *files], check=True)
    lines = logits(program, x)
    expected = oracle.run(model, x).tolist()
    assert [[int(value) for value in line[-len(model.classes) :]] for line in lines] == expected


@needs_compiler
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fold", range(5))
def test_published_models_give_their_vectors(fold, backend, cache):
    model = load(PUBLISHED / "models" / f"fold{fold}.json")
    held = vectors.load(PUBLISHED / "vectors" / f"fold{fold}.npz")
    native = Native(model, backend=backend)
    np.testing.assert_array_equal(native(held.input), held.logits)
    x = edge_inputs(model)
    np.testing.assert_array_equal(native(x), oracle.run(model, x))


@needs_compiler
def test_a_thousand_random_inputs_are_exact(cache):
    model = load(PUBLISHED / "models" / "fold0.json")
    x = inputs(model, 1000)
    expected = oracle.run(model, x)
    for backend in BACKENDS:
        np.testing.assert_array_equal(Native(model, backend=backend)(x), expected)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_published_model_builds_without_a_warning(compiler, backend, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}: tools/system-packages.sh c")
    model = load(PUBLISHED / "models" / "fold1.json")
    x = inputs(model, 3)
    lines = logits(build(model, backend, tmp_path, compiler, ["-O2"]), x)
    assert [[int(value) for value in line[1:]] for line in lines] == oracle.run(model, x).tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_published_code_has_no_float_no_heap_and_no_product_outside_requantization(backend):
    source = sources(load(PUBLISHED / "models" / "fold0.json"), backend)["harlib_model.c"]
    assert not re.search(r"\b(float|double|malloc|calloc|free|memcpy|memset)\b", source)
    assert re.findall(r"#include (.*)", source) == ['"harlib_model.h"']
    assert not re.search(r"\bint64_t", source)
    wide = [line for line in source.splitlines() if "uint64_t" in line]
    assert all("line" in line.lower() for line in wide)  # two numbers that are read together
    sums = {
        "fast": r"^ +(?:(?:const )?int32_t )?[ax]\d+(?:_\d+)? [-+]?= [^;]*;",
        "packed": r"^ +(?:const )?(?:uint32_t )?[ax]\d+_\d+ [-+]?= [^;]*;",
        "compact": r"^ +a\d [-+]= word\[\d\];|const uint32_t \*words? = [^;]*;",
    }
    found = re.findall(sums[backend], source, re.M)
    assert len(found) >= {"fast": 1000, "packed": 1000, "compact": 17}[backend]
    for text in found:
        assert not re.search(r"\*(?! i\])", re.sub(r"(const )?uint32_t \*(words?) =|\*tap", "", text))


@needs_compiler
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_header_states_the_ram_that_the_state_takes(backend, cache):
    model = load(PUBLISHED / "models" / "fold0.json")
    stated = int(re.search(r"#define HARLIB_RAM_BYTES (\d+)", sources(model, backend)["harlib_model.h"])[1])
    assert Native(model, backend=backend).state_bytes == stated


@needs_compiler
def test_rows_that_are_formed_together_add_to_one_pool(cache):
    fields = json.loads((PUBLISHED / "models" / "fold0.json").read_text())
    fields["layers"] = [layer for layer in fields["layers"] if layer["name"] != "pointwise2"]
    model = parse(json.dumps(fields))
    source = sources(model, "fast")["harlib_model.c"]
    together = [line for line in source.splitlines() if "void block3_0(" in line]
    assert len(together) == 1
    assert " *out3" in together[0]  # all four are the pool's sums, so none may be `restrict`
    assert not re.search(r"restrict out", together[0])
    x = inputs(model, 50)
    np.testing.assert_array_equal(Native(model, backend="fast")(x), oracle.run(model, x))


def test_export_writes_a_project_that_make_builds(tmp_path, capsys):
    path = PUBLISHED / "models" / "fold0.json"
    assert cli.main(["export", "c", str(path), "--out", str(tmp_path / "c")]) == 0
    assert "harlib_model.c" in capsys.readouterr().out
    assert sorted(file.name for file in (tmp_path / "c").iterdir()) == [
        "Makefile", "harlib_model.c", "harlib_model.h", "main.c",
    ]  # fmt: skip
    if shutil.which("make") is None or find_compiler() is None:
        pytest.skip("no make or no C compiler")
    subprocess.run(["make", "-C", str(tmp_path / "c")], check=True, capture_output=True)
    x = inputs(load(path), 2)
    lines = logits(tmp_path / "c" / "example", x)
    assert [[int(value) for value in line[1:]] for line in lines] == oracle.run(load(path), x).tolist()


def test_an_unknown_backend_and_a_model_too_large_for_code_are_refused(monkeypatch):
    with pytest.raises(HarlibError, match="backend 'slow': must be one of compact, fast"):
        sources(GOLDEN, "slow")
    monkeypatch.setattr("harlib.integer.c.source.UNROLLED", 1)
    with pytest.raises(HarlibError, match="use --backend compact"):
        sources(GOLDEN, "fast")


def test_class_names_cannot_leave_their_string():
    fields = json.loads(Path(__file__).with_name("golden.json").read_text())
    fields["classes"][0] = 'a"; */ ??/ \\ é'
    text = sources(parse(json.dumps(fields)))["harlib_model.c"]
    assert r'"a\042\073 \052\057 \077\077\057 \134 \303\251"' in text


@needs_compiler
def test_powers_of_two_take_no_product(cache):
    fields = json.loads((PUBLISHED / "models" / "fold0.json").read_text())
    for layer in fields["layers"]:
        if layer["op"] == "conv2d":
            layer["shift"] = [
                shift - multiplier.bit_length()
                for multiplier, shift in zip(layer["multiplier"], layer["shift"], strict=True)
            ]
            layer["shift"] = [max(1, shift) for shift in layer["shift"]]
            layer["multiplier"] = [1] * len(layer["shift"])
            layer["real_multiplier"] = [2.0**-shift for shift in layer["shift"]]
    model = parse(json.dumps(fields))
    source = sources(model, "fast")["harlib_model.c"]
    blocks = re.findall(r"INLINE void block\d+_\d+\([^)]*\)\n{.*?\n}\n", source, re.S)
    assert len(blocks) > 50
    for text in blocks:
        body = text.partition("{")[2]
        assert not re.search(r"(rounded|averaged|high|signed|wide)_code", body)
        assert "*" not in body
    x = np.concatenate([edge_inputs(model), inputs(model, 50)])
    np.testing.assert_array_equal(Native(model, backend="fast")(x), oracle.run(model, x))


@needs_compiler
@pytest.mark.parametrize("flags", [["-O2"], ["-O2", "-march=x86-64-v3"], ["-O3", "-march=x86-64-v4"]])
def test_forms_for_every_processor_are_exact(flags, tmp_path):
    known = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").is_file() else []
    if (needed := {"v3": "avx2", "v4": "avx512bw"}.get(flags[-1][-2:])) and needed not in known:
        pytest.skip(f"no {needed}")
    if "sse2" not in known:
        pytest.skip("no SSE2")
    model = load(PUBLISHED / "models" / "fold2.json")
    x = np.concatenate([edge_inputs(model), inputs(model, 50)])
    lines = logits(build(model, "fast", tmp_path, flags=flags), x)
    assert [[int(value) for value in line[1:]] for line in lines] == oracle.run(model, x).tolist()
