"""Exercises of the chapters, the checks of their answers, and the notebooks made for a class."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from helpers import load_script

from harlib import check

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
course = load_script(ROOT / "tools" / "course.py")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    assert len(course.make(folder)) == 2 * len(CHAPTERS)
    return folder


def exercises(path):
    content, start = course.read(path)
    return [cell for cell in content["cells"][start:] if cell["cell_type"] == "markdown"]


@chapters
def test_four_exercises_or_more_graded_each_with_a_solution(path):
    text = "\n".join(cell["source"] for cell in exercises(path)).split("## Where to go next")[0]
    items = re.split(r"(?m)^(?=\*\*\d+)", text)[1:]
    found = [re.match(r"\*\*(\d+)\*\* \((warm-up|core|stretch)\)\. ", item) for item in items]
    assert all(found), text
    assert [int(match[1]) for match in found] == list(range(1, len(items) + 1))
    grades = [match[2] for match in found]
    order = ["warm-up", "core", "stretch"]
    assert len(items) >= 4
    assert grades == sorted(grades, key=order.index)
    assert grades.count("core") >= 2
    assert set(grades) == set(order)
    assert all(len(course.SOLUTION.findall(item + "\n")) == 1 for item in items)


def checks(path):
    return [cell["source"] for cell in course.read(path)[0]["cells"] if course.is_check(cell)]


def say(source, capsys):
    exec(compile(source, "cell", "exec"), {})
    return capsys.readouterr().out


@chapters
def test_blanks_fail_the_check_and_solutions_pass_it(path, made, capsys):
    blank, answered = checks(made / "student" / path.name), checks(made / "lecturer" / path.name)
    assert len(blank) == len(answered) >= 1
    assert blank == checks(path)
    for cell in blank:
        assert say(cell, capsys) == check.UNANSWERED + "\n"
    for cell in answered:
        assert say(cell, capsys).startswith("Right. ")


@chapters
def test_student_notebooks_are_valid_and_hold_no_solution(path, made):
    notebook = nbformat.read(made / "student" / path.name, as_version=4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "{admonition} Solution" not in text
    for cell in exercises(path):
        for solution in course.SOLUTION.findall(cell["source"]):
            held = [line for line in solution.splitlines()[2:-1] if len(line) > 29 and not line.startswith("def ")]
            assert [line for line in held if line in text.split("## Exercises")[1]] == []
    count = len(re.findall(r"(?m)^\*\*\d+\*\* \(", text))
    answers = [cell for cell in notebook.cells if "answer" in cell.metadata.get("tags", [])]
    assert count == len(answers) + len(checks(path))
    whole = nbformat.read(path, as_version=4)
    code = [cell.source for cell in whole.cells if cell.cell_type == "code"]
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell not in answers] == code
    nbformat.validate(nbformat.read(made / "lecturer" / path.name, as_version=4))


def ternary(alpha=None, codes=None, t_alone=False):
    def function(w, t):
        kept = np.abs(w) > (t if t_alone else t * np.abs(w).mean())
        right = np.sign(w) * kept
        return (codes(right) if codes else right), (alpha(w, kept, t) if alpha else np.abs(w[kept]).mean())

    return function


def everywhere(share_of_each):
    def function(layers, share):
        every = np.abs(np.concatenate(layers))
        count = int(np.ceil(share * len(every)))
        if share_of_each:
            return [np.abs(w) > np.quantile(np.abs(w), share) for w in layers]
        return [np.abs(w) > np.sort(every)[count - 1] for w in layers]

    return function


def stops(*arguments):
    raise KeyError("mine")


WRONG = [
    (check.hand_rows, (47, 58), "toward the radar counts as negative"),
    (check.hand_rows, (24, 58), "there and back"),
    (check.hand_rows, (17, -6), "beyond the band wraps"),
    (check.hand_rows, (17, 20), "24.125 / 60"),
    (check.hand_rows, 17, "2 numbers, separated by commas"),
    (check.hand_rows, "seventeen", "2 numbers"),
    (check.ordinary_weights, 4608, "right for the first of the two"),
    (check.ordinary_weights, 1536, "a factor of 9 is missing"),
    (check.ordinary_weights, 5, "Not 5"),
    (check.ternarize, ternary(alpha=lambda w, kept, t: np.abs(w).mean()), "mean |W| over all weights"),
    (check.ternarize, ternary(alpha=lambda w, kept, t: t * np.abs(w).mean()), "That is the threshold"),
    (check.ternarize, ternary(codes=np.abs), "a kept weight keeps its sign"),
    (check.ternarize, ternary(t_alone=True), "not t itself"),
    (check.ternarize, ternary(codes=lambda c: 0.5 * c), "Codes are -1, 0 or 1"),
    (check.ternarize, ternary(), "nan is not"),
    (check.ternarize, lambda w, t: w, "two things"),
    (check.ternarize, stops, "stops with KeyError: 'mine'. It was given [0.9,"),
    (check.ternarize, 3, "the function itself"),
    (check.quantize, lambda x, s, z: np.clip(np.round(x / s) + z, 0, 255), "even neighbour"),
    (check.quantize, lambda x, s, z: np.clip(np.floor(x / s + 0.5), 0, 255), "zero point is missing"),
    (check.quantize, lambda x, s, z: np.floor(x / s + 0.5) + z, "Codes end at 255"),
    (check.quantize, lambda x, s, z: np.minimum(np.floor(x / s + 0.5) + z, 255), "below the least code"),
    (check.quantize, lambda x, s, z: np.clip(np.floor(x / s) + z, 0, 255), "add one half first"),
    (check.quantize, lambda x, s, z: x[:2], "of shape (8,)"),
    (check.prune_fairly, everywhere(False), "right for the whole net, but layer `wide` has"),
    (check.prune_fairly, lambda layers, share: [w > 9 for w in layers], "yours are 100"),
    (check.prune_fairly, lambda layers, share: [1], "one mask a layer"),
    (check.fold_by_hand, (0.03, 7.5, 5), "s_out = 0.02"),
    (check.fold_by_hand, (2, 7.5, 5), "|M| is not 2"),
    (check.fold_by_hand, (1.5, 22.5, 15), "belongs to gamma = -1.2"),
    (check.fold_by_hand, (1.5, 7.5, 8), "accumulator units"),
    (check.requantize, lambda a, m, s, z, low, high: min(high, max(low, z + (a * m >> s))), "rounds down"),
    (check.requantize, lambda a, m, s, z, low, high: z + ((a * m + 4) >> s), "the clamp comes last"),
    (check.requantize, lambda a, m, s, z, low, high: z + a * m / 2**s, "`/` makes floats"),
    (check.requantize, lambda a, m, s, z, low, high: min(high, max(low, (a * m + 4) >> s)), "zero point is missing"),
    (check.entropy, lambda z: -z * np.log2(z) - (1 - z) * np.log2(1 - z), "has a sign"),
    (check.entropy, lambda z: -z * np.log(z) - (1 - z) * np.log((1 - z) / 2), "nats"),
    (check.entropy, lambda z: 2 - z, "a bit map"),
    (check.entropy, lambda z: -z * np.log2(z) - (1 - z) * np.log2((1 - z) / 2) if 0 < z < 1 else 9.0, "0 log 0"),
]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value encountered")
@pytest.mark.parametrize(("look", "answer", "text"), WRONG)
def test_a_wrong_answer_hears_what_is_wrong(look, answer, text, capsys):
    look(answer)
    said = capsys.readouterr().out
    assert said.startswith("Not yet. ")
    assert text in said


def test_a_half_given_answer_is_unanswered(capsys):
    for look, answer in [(check.hand_rows, (17, ...)), (check.ternarize, lambda w, t: None), (check.entropy, None)]:
        look(answer)
        assert capsys.readouterr().out == check.UNANSWERED + "\n"
