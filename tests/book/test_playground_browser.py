"""The playground's widgets in a real browser: bit-exact, by keyboard alone, with scripts off, within its size."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browser import BOOK, Opened
from javascript import cases
from PIL import Image
from playwright.sync_api import Locator, Page

from harlib import ternary
from harlib.integer import oracle
from harlib.integer.model import IntegerModel, parse
from harlib.integer.requantize import dyadic

PAGE = "book/playground.html"
MOST_BYTES = 1_000_000
RUN = """held => {
  const model = harlib.readModel(held.model);
  const all = Uint8Array.from(atob(held.inputs), char => char.charCodeAt(0));
  const size = all.length / held.count;
  return Array.from({length: held.count}, (_, i) => [...harlib.run(model, all.slice(i * size, (i + 1) * size))]);
}"""

pytestmark = pytest.mark.browser


@pytest.fixture
def page(opened: Opened) -> Iterator[Page]:
    yield opened.load(PAGE)
    opened.check()


def block(page: Page, name: str) -> Any:
    return json.loads(page.locator(f"#playground-{name}").text_content() or "")


def model(page: Page) -> IntegerModel:
    return parse(page.locator("#playground-model").text_content() or "")


def widget(page: Page, name: str) -> Locator:
    return page.locator(f'[data-widget="{name}"]')


def codes(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(1, 64, 64)


def logits(place: Locator) -> list[int]:
    return [int(value) for value in (place.get_attribute("data-logits") or "").split()]


def held(page: Page, case: dict[str, Any]) -> None:
    assert page.evaluate(RUN, {name: case[name] for name in ("model", "inputs", "count")}) == case["logits"], case[
        "name"
    ]


def test_engine_is_bit_exact_on_some(page: Page) -> None:
    for fold in cases.FOLDS:
        held(page, cases.published(fold, 4))
    held(page, cases.random_inputs(0, 20, seed=2))


@pytest.mark.slow
def test_engine_is_bit_exact_on_all_vectors_and_1000_random_inputs(page: Page) -> None:
    for fold in cases.FOLDS:
        case = cases.published(fold)
        assert case["count"] == 64
        held(page, case)
        held(page, cases.random_inputs(fold, 200, seed=3 + fold))


def test_classify_by_keyboard(page: Page) -> None:
    place, network = widget(page, "classify"), model(page)
    samples = block(page, "samples")["samples"]
    place.get_by_label("Spectrogram").focus()
    page.keyboard.press("ArrowDown")
    x = codes(samples[1]["codes"])
    outputs = oracle.trace(network, x)
    assert logits(place) == outputs[network.linear.name][0].tolist()

    place.get_by_role("radio", name=network.layers[0].name).focus()
    page.keyboard.press("ArrowRight")
    name = network.layers[1].name
    page.keyboard.press("Tab")  # to the choice between codes and accumulators
    page.keyboard.press("Tab")  # to the maps
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")  # to the large map
    row, column = (int(place.get_by_label(label, exact=True).input_value()) - 1 for label in ("Row", "Column"))
    page.keyboard.press("ArrowRight" if column < 31 else "ArrowLeft")
    column += 1 if column < 31 else -1
    assert int(place.get_by_label("Column", exact=True).input_value()) == column + 1
    assert int(place.locator("ol li b").last.inner_text()) == outputs[name][0, 1, row, column]
    place.get_by_label("Row", exact=True).fill("5")
    page.keyboard.press("Tab")
    assert int(place.locator("ol li b").last.inner_text()) == outputs[name][0, 1, 4, column]

    place.get_by_role("radio", name="accumulators").focus()
    page.keyboard.press("Space")
    sums = oracle.accumulate(network.convolutions[1], outputs[network.layers[0].name])[0]
    assert place.get_by_role("radio", name=f"map 2 of 16: {sums[1].min()} to {sums[1].max()}").is_checked()

    for layer, output in (("pool", outputs["pool"][0]), ("linear", outputs["linear"][0])):
        place.get_by_role("radio", name=layer).focus()
        page.keyboard.press("Space")
        place.locator(".pg-large select").select_option("1")
        said = place.locator("ol li b").last.inner_text().replace("−", "-").replace("\u202f", "")
        assert int(said) == output[1]


def test_every_layer_shows_its_steps(page: Page) -> None:
    place = widget(page, "classify")
    for name in [layer.name for layer in model(page).layers]:
        place.get_by_role("radio", name=name).check(force=True)
        assert place.locator("ol li").count() >= 3
        assert place.get_by_role("status").inner_text()


def test_own_files(page: Page, tmp_path: Path) -> None:
    place, network = widget(page, "classify"), model(page)
    x = np.random.default_rng(5).integers(0, 256, (2, 64, 64)).astype(np.uint8)
    low, high = network.input.low, network.input.high
    np.savetxt(tmp_path / "codes.csv", x[0], fmt="%d", delimiter=",")
    np.savetxt(tmp_path / "raw.csv", low + x[1] * (high - low) / 255, fmt="%.6f", delimiter="; ")
    Image.fromarray(x[0]).save(tmp_path / "grey.png")
    turn = place.get_by_label("turn my file upside down")
    for name, codes_in, turned in (
        ("codes.csv", x[:1], False),
        ("raw.csv", x[1:], False),
        ("grey.png", x[:1], False),
        ("grey.png", x[:1, ::-1].copy(), True),
    ):
        turn.set_checked(turned)
        place.locator("input[type=file]").set_input_files([])
        place.locator("input[type=file]").set_input_files(tmp_path / name)
        wanted = " ".join(map(str, oracle.run(network, codes_in)[0].tolist()))
        page.wait_for_function(
            "([place, wanted]) => place.dataset.logits === wanted", arg=[place.element_handle(), wanted]
        )


def test_a_bad_file_is_told(page: Page, tmp_path: Path) -> None:
    place = widget(page, "classify")
    before = logits(place)
    for number, (text, why) in enumerate(
        [
            ("1,2\n3,4\n", "2 lines: 64 lines of 64 numbers are expected"),
            ("a\n" * 64, "line 1 has 1 values"),
            (("1," * 63 + "x\n") * 64, 'line 1: "x" is no number'),
            ("", "0 lines"),
        ]
    ):
        path = tmp_path / f"bad{number}.csv"
        path.write_text(text)
        place.locator("input[type=file]").set_input_files(path)
        place.get_by_role("alert").filter(has_text=f"{path.name} was not read: {why}").wait_for()
        assert logits(place) == before


def test_threshold_by_keyboard(page: Page) -> None:
    place, stages = widget(page, "threshold"), block(page, "weights")["stages"]
    place.get_by_label("Threshold factor t", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert place.get_by_label("Threshold factor t, as a number").input_value() == "0.71"

    def zeros(stage: str, layer: int, t: float) -> int:
        values = np.frombuffer(base64.b64decode(stages[stage][layer]["values"]), "<f4").astype(np.float64)
        return int((ternary.ternarize(torch.from_numpy(values), t)[0] == 0).sum())

    assert int(place.get_attribute("data-zeros") or "") == zeros("fp32", 0, 0.71)
    place.get_by_label("Weights", exact=True).focus()
    page.keyboard.press("ArrowDown")
    place.get_by_label("Layer", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert int(place.get_attribute("data-zeros") or "") == zeros("qat", 1, 0.71)
    place.get_by_role("button", name="Back to").press("Enter")
    assert place.get_by_label("Threshold factor t, as a number").input_value() == "0.7"
    assert int(place.get_attribute("data-zeros") or "") == zeros("qat", 1, 0.7)


def test_scales_by_keyboard(page: Page) -> None:
    place, network = widget(page, "scales"), model(page)
    real = network.convolutions[0].real_multiplier[0]
    place.get_by_label("Bits of the multiplier", exact=True).focus()
    page.keyboard.press("ArrowRight")
    found = tuple(int(place.get_attribute(f"data-{name}") or "") for name in ("multiplier", "shift"))
    assert found == dyadic(real, 9)
    place.get_by_label("Real number x", exact=True).focus()
    page.keyboard.press("End")
    assert place.get_attribute("data-code") == "15"  # clamped at the top of 4 bits
    place.get_by_label("Bits", exact=True).focus()
    page.keyboard.press("Home")
    assert place.get_attribute("data-code") == "1"
    assert place.get_by_label("Zero point z", exact=True).input_value() == "1"


def test_grid_by_keyboard(page: Page) -> None:
    place, network, grid = widget(page, "grid"), model(page), block(page, "grid")

    sizes = [len(grid[name]) for name in ("activities", "tempo", "speed", "snr_db")]
    every = np.frombuffer(zlib.decompress(base64.b64decode(grid["codes"])), np.uint8).reshape(*sizes, 64, 64)

    def expected(activity: int, tempo: int, speed: int, noise: int) -> list[int]:
        return oracle.run(network, every[activity, tempo, speed, noise][None])[0].tolist()

    place.locator("[data-right]").wait_for()
    assert logits(place) == expected(0, 1, 1, 0)
    place.get_by_role("radio", name=grid["activities"][0], exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert logits(place) == expected(1, 1, 1, 0)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert logits(place) == expected(1, 1, 1, 1)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert logits(place) == expected(1, 1, 2, 1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # look inside
    assert logits(widget(page, "classify")) == expected(1, 1, 2, 1)
    said = [network.classes[int(np.argmax(expected(1, tempo, speed, 1)))] for tempo in range(3) for speed in range(3)]
    assert place.locator("[data-right]").get_attribute("data-right") == str(said.count(grid["activities"][1]))


def test_everything_has_a_name_and_a_text_alternative(page: Page) -> None:
    for drawing in page.locator('.playground [role="img"]').all():
        assert len(drawing.get_attribute("aria-label") or "") > 20
    assert page.locator('.playground [role="img"]').count() >= 6
    nameless = page.locator(".playground").evaluate_all(
        """places => places.flatMap(place => [...place.querySelectorAll("input, select")])
             .filter(field => !field.labels.length && !field.getAttribute("aria-label"))
             .map(field => field.outerHTML)"""
    )
    assert nameless == []
    assert all(status.inner_text() for status in page.locator('.playground [role="status"]').all())


def test_play_goes_through_the_layers_unless_less_motion_is_asked_for(opened: Opened) -> None:
    page = opened.load(PAGE)
    place = widget(page, "classify")
    place.get_by_role("radio", name="linear").check(force=True)
    place.get_by_role("button", name="Play").press("Enter")
    assert place.get_by_role("radio", name=model(page).layers[0].name).is_checked()
    place.get_by_role("radio", name=model(page).layers[1].name).and_(page.locator(":checked")).wait_for(
        state="attached"
    )
    place.get_by_role("button", name="Stop").press("Enter")
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    assert place.get_by_role("button", name="Play").count() == 0
    opened.check()


def test_narrow_and_dark(opened: Opened) -> None:
    opened.page.set_viewport_size({"width": 360, "height": 740})
    opened.page.emulate_media(color_scheme="dark")
    page = opened.load(PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for place in page.locator(".playground").all():
        outside = place.evaluate(
            """place => [...place.querySelectorAll("select, input:not([type=radio]), button, canvas, svg")]
                 .filter(element => element.getBoundingClientRect().right > innerWidth).length"""
        )
        assert outside == 0
    opened.check()


def test_with_scripts_off_a_still_picture_stands_in(opened: Opened) -> None:
    page = opened.page
    page.context.new_cdp_session(page).send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto((BOOK / PAGE).as_uri())
    pictures = page.locator(".playground img")
    assert pictures.count() == 4
    for picture in pictures.all():
        box = picture.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 100
        assert len(picture.get_attribute("alt") or "") > 30
    assert all(url.startswith("file:") for url in opened.requests)


def test_page_script_style_and_pictures_add_at_most_one_megabyte() -> None:
    files = [BOOK / PAGE, *(BOOK / "_static" / name for name in ("playground.js", "playground.css"))]
    files += [(BOOK / PAGE).parent / found for found in re.findall(r'src="([^"]*_images/[^"]*)"', files[0].read_text())]
    assert len(files) == 7
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


def test_other_pages_do_not_load_the_playground() -> None:
    assert "playground.js" not in (BOOK / "book/intro.html").read_text()
    assert "playground.js" in (BOOK / PAGE).read_text()
