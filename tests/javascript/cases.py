"""What the JavaScript must reproduce, computed by harlib: written as JSON for node's tests and for the browser's."""

import base64
import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from integer.examples import inputs, models

from harlib import ternary
from harlib.errors import HarlibError
from harlib.integer import oracle, vectors
from harlib.integer.model import IntegerModel, accumulator_bounds, load, parse
from harlib.integer.requantize import dyadic
from harlib.integer.text import render

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "reference" / "published"
GOLDEN = ROOT / "tests" / "integer" / "golden.json"
FOLDS = range(5)


def encoded(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def engine_case(name: str, model: IntegerModel, x: np.ndarray) -> dict[str, Any]:
    """A model's text, inputs, the oracle's logits, and a hash a layer over all samples (as in the test vectors)."""
    outputs = oracle.trace(model, x)
    digests = {
        layer: hashlib.sha256(np.ascontiguousarray(found, found.dtype.newbyteorder("<")).tobytes()).hexdigest()
        for layer, found in outputs.items()
    }
    return {
        "name": name,
        "model": render(model.model_dump(mode="json")),
        "count": len(x),
        "inputs": encoded(x),
        "logits": outputs[model.linear.name].tolist(),
        "digests": digests,
        "bounds": [np.stack(accumulator_bounds(site), axis=1).tolist() for site in model.sites()],
    }


def published(fold: int, samples: int | None = None) -> dict[str, Any]:
    """The exported vectors of a fold; that the oracle still gives the file's logits is asserted here."""
    model, held = load(PUBLISHED / f"models/fold{fold}.json"), vectors.load(PUBLISHED / f"vectors/fold{fold}.npz")
    case = engine_case(f"published fold {fold}", model, held.input[:samples])
    assert case["logits"] == held.logits[:samples].tolist()
    return case


def random_inputs(fold: int, samples: int, seed: int) -> dict[str, Any]:
    """Codes of any distribution: uniform ones, and ones that are mostly 0 or 255."""
    model = load(PUBLISHED / f"models/fold{fold}.json")
    rng = np.random.default_rng(seed)
    x = inputs(model, samples, seed)
    extreme = rng.random(x.shape) < rng.random((samples, 1, 1, 1)) * (np.arange(samples) % 2)[:, None, None, None]
    x[extreme] = rng.choice(np.array([0, 255], np.uint8), int(extreme.sum()))
    return engine_case(f"random inputs, fold {fold}", model, x)


def any_models(count: int) -> list[dict[str, Any]]:
    """Models of every shape that the format allows, with multipliers to 31 bits and shifts to 46."""
    found: list[dict[str, Any]] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(models(), st.integers(0, 2**31))
    def collect(model: IntegerModel, seed: int) -> None:
        found.append(engine_case(f"any model {len(found)}", model, inputs(model, 3, seed)))

    collect()
    return found


WRONG = (0, 1, -1, 2, 1.5, 255, 256, 2**22, 2**31, -(2**22) - 1, 47, "x", True, None, [], {}, [1, 2])


def mutants() -> list[dict[str, Any]]:
    """The golden model with one thing changed at a time, and whether harlib still reads it."""
    fields = json.loads(GOLDEN.read_text())
    texts = {"as it is": GOLDEN.read_text(), "empty": "", "list": "[1, 2]", "null": "null", "NaN": "NaN"}
    golden = GOLDEN.read_text()
    texts["a key twice"] = golden.replace('"clamp": [5, 200]', '"clamp": [5, 200], "clamp": [5, 201]')
    texts["an escaped key twice"] = golden.replace('"clamp": [5, 200]', '"clamp": [5, 200], "cl\\u0061mp": [5, 201]')
    texts["an infinite scale"] = golden.replace("0.03125", "1e999")
    for place in places(fields):
        named = "/".join(map(str, place))
        for value in WRONG:
            texts[f"{named} = {value!r}"] = json.dumps(changed(fields, place, value))
        texts[f"{named} removed"] = json.dumps(changed(fields, place, None, remove=True))
    for place in [(), ("input",), ("layers", 0), ("layers", 1), ("layers", 2)]:
        texts[f"new key in {place}"] = json.dumps(changed(fields, (*place, "note"), 1))
    return [{"name": name, "text": text, "reads": reads(text)} for name, text in texts.items()]


def reads(text: str) -> bool:
    try:
        parse(text)
    except HarlibError:
        return False
    return True


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [*([at] if at else []), *(place for key, part in inner for place in places(part, (*at, key)))]


def changed(fields: Any, place: tuple[Any, ...], value: Any, remove: bool = False) -> Any:
    fields = copy.deepcopy(fields)
    at = fields
    for part in place[:-1]:
        at = at[part]
    if remove:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return fields


def dyadic_cases(count: int = 400) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    reals = [*(2.0 ** rng.uniform(-60, 30, count)), 0.0, 1.0, 0.5, 2.0**-47, 5e-324, 255 / 256, 511 / 512, 2.0**30]
    cases = []
    for real in map(float, reals):
        for bits in (2, 8, 9, 16, 31):
            try:
                expected = list(dyadic(real, bits))
            except HarlibError:
                expected = None
            cases.append({"real": real, "bits": bits, "expected": expected})
    return cases


def ternary_cases() -> list[dict[str, Any]]:
    """Layers of the published fp32 network: codes, alpha, distance by the rule and for the exact optimum."""
    from safetensors.numpy import load_file

    state = load_file(PUBLISHED / "checkpoints/fp32/fold0.safetensors")
    cases = []
    for name, held in state.items():
        if held.ndim < 2:
            continue
        weight = torch.from_numpy(held).double().flatten()
        found = {f"{t}": ternary.ternarize(weight, t) for t in (0.3, 0.7, 1.1, 9.0)}
        found["optimal"] = ternary.optimal(weight)
        expected = {
            rule: {
                "codes": codes.tolist(),
                "alpha": float(alpha),
                "distance": float(ternary.distance(weight, codes, alpha)),
            }
            for rule, (codes, alpha) in found.items()
        }
        cases.append({"name": name, "weights": weight.tolist(), "expected": expected})
    return cases


def write(folder: Path) -> Path:
    """All cases of node's tests, and the path of their file."""
    engine = [published(fold, 4) for fold in FOLDS]
    engine += [random_inputs(0, 8, 1), *any_models(25)]
    cases = {"engine": engine, "mutants": mutants(), "dyadic": dyadic_cases(), "ternary": ternary_cases()}
    path = folder / "cases.json"
    path.write_text(json.dumps(cases))
    return path
