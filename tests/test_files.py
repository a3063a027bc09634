"""Files are whole or absent."""

import os
import stat

import pytest

from harlib import files
from harlib.errors import HarlibError


def test_write_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "a.txt"
    files.write(path, "one")
    files.write(path, b"two")
    assert path.read_text() == "two"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_failure_keeps_the_old_content_and_leaves_no_part(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    files.write(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HarlibError, match=r"a\.txt cannot be written \(No space left on device\)"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarlibError, match="cannot be written"):
        files.write(tmp_path / "file" / "a.txt", "x")


def test_unchanged_content_is_not_written_again(tmp_path):
    path = tmp_path / "a.txt"
    files.write(path, "same")
    before = path.stat().st_ino
    files.write_if_changed(path, "same")
    assert path.stat().st_ino == before
    files.write_if_changed(path, "other")
    assert path.read_text() == "other"
