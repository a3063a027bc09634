"""Folders, tables and archives become one data set; what is odd about it is said, what is wrong stops."""

import numpy as np
import pytest
from PIL import Image

from harlib import cli, data
from harlib.errors import HarlibError
from harlib.importing import recordings, summary
from harlib.importing.recordings import gather, import_recordings

RNG = np.random.default_rng(0)


def fill(root, *names, shape=(20, 30)):
    """A .npy spectrogram of other values under each name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, RNG.normal(size=shape))
    return root


PEOPLE = ("run/ann/1.npy", "run/bob/1.npy", "sit/ann/1.npy", "sit/ann/2.npy", "sit/bob/1.npy")


def test_classes_and_people_come_from_the_folders(tmp_path):
    made = import_recordings(fill(tmp_path, *PEOPLE))
    assert made.classes == ("run", "sit")
    assert made.y.tolist() == [0, 0, 1, 1, 1]
    assert made.group.tolist() == [0, 1, 0, 0, 1]
    assert not made.leaky


def test_the_other_order_of_folders_gives_the_same_data(tmp_path):
    fill(tmp_path / "one", *PEOPLE)
    for name in PEOPLE:
        label, person, file = name.split("/")
        (tmp_path / "two" / person / label).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "two" / person / label / file, np.load(tmp_path / "one" / name))
    one, two = import_recordings(tmp_path / "one"), import_recordings(tmp_path / "two", layout="subject/class")
    assert two.classes == one.classes
    key = [(int(d.y[i]), int(d.group[i]), d.x[i].tobytes()) for d in (one, two) for i in range(5)]
    assert sorted(key[:5]) == sorted(key[5:])


def test_a_table_names_the_people(tmp_path):
    root = fill(tmp_path / "in", "run/1.npy", "run/2.npy", "sit/1.npy")
    table = tmp_path / "groups.csv"
    table.write_text("file,age,group\nrun/1.npy,30,ann\nrun/2.npy,30,bob\nsit/1.npy,30,ann\n")
    assert import_recordings(root, table=table).group.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,group\nrun/1.npy,ann\n", "expected file and group"),
        ("file,group\nrun/1.npy,ann\n", r"leaves out run/2\.npy \(and 1 more\)"),
        ("file,group\nrun/1.npy,ann\nrun/1.npy,bob\n", "line 3: expected one group"),
        ("file,group\nrun/1.npy,\n", "line 2: expected one group"),
        ("file,group\nrun/1.npy\n", "line 2: expected one group"),
        ("", "expected file and group"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, text, message):
    root = fill(tmp_path / "in", "run/1.npy", "run/2.npy", "sit/1.npy")
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(HarlibError, match=message):
        import_recordings(root, table=tmp_path / "groups.csv")


def test_without_groups_windows_of_a_file_stay_together_and_the_file_says_that_folds_may_leak(tmp_path):
    root = fill(tmp_path / "in", "run/1.npy", "sit/1.npy", shape=(3, 16, 64))
    made = import_recordings(root, no_groups=True)
    assert made.group.tolist() == [0, 0, 0, 1, 1, 1]
    assert "leak" in made.provenance
    data.save(tmp_path / "own.npz", made)
    assert data.load(tmp_path / "own.npz").leaky


def test_no_name_of_a_person_or_file_is_kept(tmp_path):
    data.save(tmp_path / "own.npz", import_recordings(fill(tmp_path / "of-zoe", *PEOPLE)))
    with np.load(tmp_path / "own.npz", allow_pickle=False) as held:
        text = " ".join(str(held[name]) for name in held.files if held[name].dtype.kind == "U")
    for name in ("ann", "bob", "zoe", "npy"):
        assert name not in text


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("run/1.npy", "sit/1.npy"), {}, r"run/1\.npy: expected .*class/subject/file.*--no-groups"),
        (("run/ann/x/1.npy", "sit/ann/1.npy"), {}, "expected"),
        (("run/ann/1.npy", "sit/ann/1.npy"), {"no_groups": True}, "class/file"),
        (("run/ann/1.npy", "run/bob/1.npy"), {}, r"1 class \(run\)"),
    ],
)
def test_files_at_the_wrong_place_are_refused(tmp_path, names, options, message):
    with pytest.raises(HarlibError, match=message):
        import_recordings(fill(tmp_path, *names), **options)


def test_too_many_spectrograms_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "MOST_SPECTROGRAMS", 3)
    with pytest.raises(HarlibError, match="more than 3 spectrograms"):
        import_recordings(fill(tmp_path, *PEOPLE))


def test_one_archive_with_names_or_numbers(tmp_path):
    x = RNG.normal(size=(4, 10, 12))
    people = np.array(["ann", "ann", "bob", "bob"])
    np.savez(tmp_path / "a.npz", x=x, y=[0, 1, 0, 1], group=people, classes=["run", "sit"])
    np.savez(tmp_path / "b.npz", x=x, y=["run", "sit", "run", "sit"], group=[7, 7, 9, 9])
    one, two = import_recordings(tmp_path / "a.npz"), import_recordings(tmp_path / "b.npz")
    assert one.classes == two.classes == ("run", "sit")
    for name in ("x", "y", "group"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.group.tolist() == [0, 0, 1, 1]
    np.savez(tmp_path / "c.npz", x=x, y=[3, 5, 3, 5])
    assert import_recordings(tmp_path / "c.npz", no_groups=True).classes == ("class 3", "class 5")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": None}, "'x' is missing"),
        ({"group": None}, "'group' is missing: .*--no-groups"),
        ({"y": np.zeros(3, int)}, "y is int64"),
        ({"y": np.array([0, 1, 0, 2])}, r"y holds 0\.\.2, classes has 2 names"),
        ({"y": np.array([0.0, 1, 0, 1])}, "y is float64"),
        ({"group": np.zeros((4, 2), int)}, "group is int64"),
    ],
)
def test_a_wrong_archive_is_refused(tmp_path, changes, message):
    held = {
        "x": RNG.normal(size=(4, 10, 12)),
        "y": np.array([0, 1, 0, 1]),
        "group": np.arange(4),
        "classes": ["a", "b"],
    }
    np.savez(tmp_path / "a.npz", **{name: value for name, value in (held | changes).items() if value is not None})
    with pytest.raises(HarlibError, match=message):
        import_recordings(tmp_path / "a.npz")


def test_whole_numbers_are_kept_and_others_follow_the_stated_line(tmp_path):
    whole = RNG.integers(0, 65536, (2, 64, 64)).astype(np.uint16)
    np.savez(tmp_path / "a.npz", x=whole, y=[0, 1], group=[0, 1])
    made = import_recordings(tmp_path / "a.npz")
    np.testing.assert_array_equal(made.x, whole)
    level = RNG.normal(-60, 12, (2, 64, 64))
    np.savez(tmp_path / "b.npz", x=level, y=[0, 1], group=[0, 1])
    found = gather(tmp_path / "b.npz")
    scale, made = recordings.scale_of(found), recordings.dataset(found)
    assert (made.x.min(), made.x.max()) == (0, 65535)
    np.testing.assert_allclose(scale.low + scale.step * made.x, level, atol=0.5001 * scale.step)
    assert repr(scale.step) in made.unit


def test_pictures_of_any_size_make_a_data_set(tmp_path):
    for label, shade in (("dark", 20), ("light", 200)):
        for person in ("p", "q"):
            folder = tmp_path / label / person
            folder.mkdir(parents=True)
            noisy = RNG.integers(-5, 6, (100, 37)) + shade
            Image.fromarray(noisy.astype(np.uint8)).save(folder / "a.png")
    found = gather(tmp_path)
    np.testing.assert_allclose(found.x.mean(axis=(1, 2)), [20, 20, 200, 200], atol=1)
    assert recordings.dataset(found).x.shape == (4, 64, 64)


def test_equal_values_everywhere_are_no_spectrograms(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((4, 64, 64)), y=[0, 1, 0, 1], group=[0, 0, 1, 1])
    with pytest.raises(HarlibError, match="all values are 1"):
        import_recordings(tmp_path / "a.npz")


def test_the_summary_names_what_is_odd(tmp_path):
    root = fill(tmp_path, *PEOPLE)
    np.save(root / "sit/bob/9.npy", np.load(root / "run/ann/1.npy"))
    np.save(root / "run/bob/8.npy", np.load(root / "run/ann/1.npy"))
    np.save(root / "run/ann/7.npy", np.load(root / "run/ann/1.npy"))
    np.save(root / "sit/ann/6.npy", np.full((64, 64), 0.5))
    (root / "readme.txt").write_text("hello")
    found = gather(root)
    text = "\n".join(summary.lines(found, recordings.dataset(found), 5))
    for line in (
        "9 spectrograms of 9 recordings, 2 groups",
        "run: 4 spectrograms, 2 groups",
        "! 1 spectrograms occur again in another class: sit/bob/9.npy",
        "! 1 spectrograms occur again in another group: run/bob/8.npy",
        "! 1 spectrograms occur again in the same group: run/ann/7.npy",
        "! 1 constant spectrograms: sit/ann/6.npy",
        "! not read: readme.txt",
        "! class run has 4 spectrograms, fewer than 5 folds",
        "! 2 groups are fewer than 5 folds: set folds to 2 or less",
        "harlib predict --scale",
    ):
        assert line in text


def test_a_clean_import_has_no_doubts(tmp_path):
    found = gather(fill(tmp_path, *(f"{label}/{person}/1.npy" for label in "ab" for person in "pq")))
    assert summary.doubts(found, recordings.dataset(found), 2) == []


def test_the_command_writes_the_file_that_the_study_reads(tmp_path, capsys):
    root, out = fill(tmp_path / "in", *PEOPLE), tmp_path / "data" / "own.npz"
    assert cli.main(["import", str(root), "--out", str(out), "--folds", "2"]) == 0
    assert "5 spectrograms of 5 recordings, 2 groups" in capsys.readouterr().out
    np.testing.assert_array_equal(data.load(out).x, import_recordings(root).x)


def test_the_command_names_the_file_that_is_wrong_and_writes_nothing(tmp_path, capsys):
    root, out = fill(tmp_path / "in", *PEOPLE), tmp_path / "own.npz"
    np.save(root / "sit/bob/2.npy", np.full((64, 64), np.nan))
    assert cli.main(["import", str(root), "--out", str(out)]) == 1
    message = capsys.readouterr().err
    assert "sit/bob/2.npy" in message
    assert message.count("\n") == 1
    assert not out.exists()
