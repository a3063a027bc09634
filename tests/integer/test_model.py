import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from harlib.errors import HarlibError
from harlib.integer.model import FILE_LIMIT, load, parse, save
from integer.examples import models

PATH = Path(__file__).with_name("golden.json")
TEXT = PATH.read_text()


def test_the_golden_file_survives_a_round_trip(tmp_path):
    model = load(PATH)
    save(tmp_path / "again.json", model)
    assert (tmp_path / "again.json").read_text() == TEXT
    assert [path.name for path in tmp_path.iterdir()] == ["again.json"]


@settings(max_examples=20, deadline=None)
@given(models())
def test_any_model_survives_a_round_trip(tmp_path_factory, model):
    path = tmp_path_factory.mktemp("model") / "model.json"
    save(path, model)
    assert load(path) == model


def changed(place, value):
    """The golden file with one value replaced, or removed if it is None."""
    fields = copy.deepcopy(json.loads(TEXT))
    *parents, last = place
    at = fields
    for part in parents:
        at = at[part]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return json.dumps(fields)


CONV, POOL, LINEAR = ("layers", 0), ("layers", 1), ("layers", 2)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("format",), "onnx", "format = 'onnx'.*harlib-integer"),
        (("version",), 2, "version = 2: input should be less than or equal to 1$"),
        (("version",), 0, "version = 0"),
        (("version",), 1.0, "version = 1.0"),
        (("version",), "1", "version = '1'"),
        (("version",), True, "version = True"),
        (("version",), None, "version is missing"),
        (("note",), "hello", "note is no key"),
        (("a\nb" * 99,), 1, "is no key"),
        (("classes",), ["a"], "classes"),
        (("classes",), ["a", "a"], r"classes = \['a', 'a'\]: the names must differ"),
        (("classes",), ["a", "b", "c"], "classes: 3 names for 2"),
        (("input",), None, "input is missing"),
        (("input", "shape"), [1, 2], "input.shape"),
        (("input", "shape"), [1, 2, 0], r"input.shape\[2\] = 0: .*greater than or equal to 1"),
        (("input", "shape"), [1, 2, 4], r"layers\[1\].count = 8: must be 10"),
        (("input", "shape"), [2, 2, 3], r"layers\[0\].in_channels = 1: 2 channels"),
        (("input", "low"), float("nan"), "input.low = nan: .*finite"),
        (("input", "high"), float("inf"), "input.high = inf: .*finite"),
        (("input", "low"), 4000.0, "input: low = 4000.0: must be below high"),
        (("input", "scale"), 0.0, "input.scale = 0.0: .*greater than 0"),
        (("input", "zero_point"), 9, r"layers\[0\].input_zero_point = 10: .*\(9\)"),
        (("input", "zero_point"), 256, "input.zero_point = 256"),
        (("layers",), [], "layers"),
        (("layers", 0), None, "layers"),
        (("layers", 1), None, "layers"),
        ((*CONV, "op"), "conv3d", r"layers\[0\].*conv3d"),
        ((*CONV, "op"), None, r"layers\[0\].*op"),
        ((*CONV, "dilation"), [1, 1], r"layers\[0\].dilation is no key"),
        ((*CONV, "name"), "../x", r"layers\[0\].name = '../x'"),
        ((*CONV, "name"), "pool", "layers.name.*must differ"),
        ((*CONV, "groups"), 2, r"layers\[0\]: groups = 2: must divide in_channels \(1\)"),
        ((*CONV, "groups"), 0, r"layers\[0\].groups = 0"),
        ((*CONV, "kernel"), [1, 3], r"layers\[0\]: weight: .*\[2, 1, 1, 3\]"),
        ((*CONV, "kernel"), [1.0, 2], r"layers\[0\].kernel\[0\] = 1.0: .*integer"),
        ((*CONV, "stride"), [0, 1], r"layers\[0\].stride\[0\] = 0"),
        ((*CONV, "padding"), [0, 2], r"layers\[0\]: padding = \[0, 2\]: must be below the kernel"),
        ((*CONV, "padding"), [-1, 0], r"layers\[0\].padding\[0\] = -1"),
        ((*CONV, "weight", 0, 0, 0, 1), 2, r"layers\[0\].weight\[0\]\[0\]\[0\]\[1\] = 2: .*less than or equal to 1"),
        ((*CONV, "weight", 0, 0, 0, 1), -1.0, r"weight\[0\]\[0\]\[0\]\[1\] = -1.0: .*integer"),
        ((*CONV, "weight", 0, 0, 0, 1), True, r"weight\[0\]\[0\]\[0\]\[1\] = True"),
        ((*CONV, "weight", 0, 0, 0, 1), "1", r"weight\[0\]\[0\]\[0\]\[1\] = '1'"),
        ((*CONV, "weight", 0, 0, 0, 1), float("nan"), r"weight\[0\]\[0\]\[0\]\[1\] = nan"),
        ((*CONV, "weight", 0, 0, 0, 1), None, r"layers\[0\]: weight: .*\[2, 1, 1, 2\]"),
        ((*CONV, "bias", 1), 2**22, r"layers\[0\].bias\[1\] = 4194304: .*4194303"),
        ((*CONV, "bias", 1), -(2**22) - 1, r"layers\[0\].bias\[1\] = -4194305: .*-4194304"),
        ((*CONV, "bias", 1), None, r"layers\[0\]: bias: .*\[2\]"),
        ((*CONV, "multiplier", 0), 2**31, r"multiplier\[0\] = 2147483648"),
        ((*CONV, "multiplier", 0), -1, r"multiplier\[0\] = -1"),
        ((*CONV, "shift", 0), 0, r"shift\[0\] = 0"),
        ((*CONV, "shift", 0), 47, r"shift\[0\] = 47: .*46"),
        ((*CONV, "output_zero_point"), 6, r"layers\[1\].input_zero_point = 5: .*\(6\)"),
        ((*CONV, "clamp"), [5, 5], r"layers\[0\]: clamp = \[5, 5\]"),
        ((*CONV, "clamp"), [5, 256], r"layers\[0\].clamp\[1\] = 256"),
        ((*CONV, "weight_scale"), [0.5], r"layers\[0\]: weight_scale: .*\[2\]"),
        ((*CONV, "weight_scale"), float("nan"), r"layers\[0\].weight_scale = nan"),
        ((*CONV, "real_multiplier", 0), -0.5, r"real_multiplier\[0\] = -0.5"),
        ((*CONV, "output_scale"), float("-inf"), "output_scale = -inf"),
        ((*POOL, "count"), 4, r"layers\[1\]: multiplier = 1.*count = 4"),
        ((*POOL, "multiplier"), 2, r"layers\[1\]: multiplier = 2"),
        ((*POOL, "shift"), 2, r"layers\[1\]: .*shift = 2"),
        ((*POOL, "input_zero_point"), 0, r"layers\[1\].input_zero_point = 0: .*\(5\)"),
        ((*LINEAR, "in_features"), 3, r"layers\[2\]: weight: .*\[2, 3\]"),
        ((*LINEAR, "weight", 0, 0), 0.5, r"layers\[2\].weight\[0\]\[0\] = 0.5"),
        ((*LINEAR, "bias", 0), None, r"layers\[2\]: bias"),
        ((*LINEAR, "input_zero_point"), 4, r"layers\[2\].input_zero_point = 4: .*\(5\)"),
        ((*LINEAR, "logit_scale"), "big", r"layers\[2\].logit_scale = 'big'"),
    ],
)
def test_a_broken_rule_is_named_in_one_line(place, value, named):
    with pytest.raises(HarlibError, match=named) as error:
        parse(changed(place, value), "some.json")
    assert str(error.value).startswith("some.json: ")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_a_kernel_larger_than_its_map_is_named():
    text = TEXT.replace('"kernel": [1, 2]', '"kernel": [3, 2]').replace('"padding": [0, 1]', '"padding": [0, 0]')
    text = text.replace("[[[1,-1]]]", "[[[1,-1],[0,0],[0,0]]]").replace("[[[0,1]]]", "[[[0,1],[0,0],[0,0]]]")
    with pytest.raises(HarlibError, match=r"layers\[0\].kernel = \[3, 2\]: must fit the padded 2 x 3 map"):
        parse(text)


def test_an_accumulator_beyond_24_bits_is_named():
    """9 * 64 * 64 taps of 255 are 9,400,320: one bias brings that to 2^23 - 1, the next to 2^23."""
    side, channels = 64, 9
    weight = [[[[1] * side] * side] * channels]
    fields = json.loads(TEXT)
    fields["input"] |= {"shape": [channels, side, side], "zero_point": 0}
    conv = fields["layers"][0]
    conv |= {"in_channels": channels, "out_channels": 1, "kernel": [side, side], "padding": [0, 0], "weight": weight}
    conv |= {"input_zero_point": 0, "multiplier": [1], "shift": [1], "real_multiplier": [0.5]}
    fields["layers"][1] |= {"count": 1, "multiplier": 2, "shift": 1}
    fields["layers"][2] |= {"in_features": 1, "weight": [[1], [-1]]}
    parse(json.dumps(fields | {"layers": [conv | {"bias": [-1011713]}, *fields["layers"][1:]]}))
    with pytest.raises(HarlibError, match=r"layers\[0\] \(conv1\): channel 0 can reach the accumulator 8388608"):
        parse(json.dumps(fields | {"layers": [conv | {"bias": [-1011712]}, *fields["layers"][1:]]}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not a JSON file"),
        ("null", "the file = None"),
        ("[1, 2]", r"the file = \[1, 2\]"),
        ("[" * 100_000, "not a JSON file"),
        ('{"a":' * 100_000, "not a JSON file"),
        ("[" * 500 + "]" * 500, "model"),
        ("1" * 5000, "model"),
        ('{"format": "\ud800"}', "model"),
        ("\ufeff" + TEXT, "not a JSON file"),
        (TEXT.replace('"clamp": [5, 200]', '"clamp": [5, 200], "clamp": [5, 201]'), "'clamp' stands twice"),
        (TEXT.replace('"bias": [3, -7]', '"bias": [3, 1' + "0" * 4000 + "]"), r"layers\[0\].bias\[1\]"),
        (TEXT.replace("0.03125", "1e999"), "output_scale = inf"),
    ],
)
def test_what_is_no_model_is_told_in_one_line(text, named):
    with pytest.raises(HarlibError, match=named) as error:
        parse(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "cut.json"
    for length in range(0, len(TEXT) - 2, 7):
        path.write_text(TEXT[:length])
        with pytest.raises(HarlibError, match=r"cut\.json"):
            load(path)


def test_a_file_of_errors_costs_no_more_than_one(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(TEXT.replace("[3, -7]", "[" + "0.5," * 500_000 + "1]"))
    with pytest.raises(HarlibError, match=r"bias\[0\] = 0.5") as error:
        load(path)
    assert len(str(error.value)) < 600


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "large.json").write_bytes(b" " * (FILE_LIMIT + 1))
    (tmp_path / "latin.json").write_bytes(b'{"format": "\xe9"}')
    for name, named in (
        ("large.json", "above"),
        ("latin.json", "UTF-8"),
        ("none.json", "cannot be read"),
        (".", "cannot"),
    ):
        with pytest.raises(HarlibError, match=named):
            load(tmp_path / name)


def test_a_model_made_in_python_keeps_the_rules():
    model = load(PATH)
    with pytest.raises(ValueError, match="input_zero_point = 10"):
        type(model)(**{**dict(model), "input": model.input.model_copy(update={"zero_point": 3})})
    with pytest.raises(ValueError, match="frozen"):
        model.version = 1


def test_a_pool_may_be_off_by_a_share_of_2_to_the_minus_9():
    pool = json.loads(TEXT)["layers"][1] | {"shift": 13}
    parse(changed(POOL, pool | {"multiplier": 1022}))
    with pytest.raises(HarlibError, match=r"layers\[1\]: multiplier = 1021"):
        parse(changed(POOL, pool | {"multiplier": 1021}))
