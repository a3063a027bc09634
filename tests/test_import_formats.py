"""Every format gives back what was written, and refuses what is broken, huge or dangerous, before memory is taken."""

import io
import os
import pickle
import tracemalloc
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from harlib.errors import HarlibError
from harlib.importing import limits, pictures, reading

VALUES = np.random.default_rng(0).integers(0, 256, (40, 96)).astype(np.float64)


def write(path, values, name="x"):
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez_compressed(path, **{name: values})
    elif path.suffix == ".csv":
        np.savetxt(path, values, delimiter=",")
    elif path.name.endswith(".v7.mat"):
        scipy.io.savemat(path, {name: values, "text": "not a number"}, do_compression=True)
    elif path.suffix == ".mat":
        with h5py.File(path, "w", userblock_size=512) as file:
            file[name] = values.T  # as MATLAB writes it
            file["#refs#/inner"] = np.zeros(3)
    else:
        Image.fromarray(values.astype(np.uint8)).save(path, quality=95)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.v7.mat", "a.v73.mat", "a.png"])
def test_each_format_gives_back_the_written_values(tmp_path, name):
    np.testing.assert_array_equal(reading.read(write(tmp_path / name, VALUES)), VALUES)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.v7.mat", "a.v73.mat"])
def test_formats_of_arrays_take_many_spectrograms_and_complex_samples(tmp_path, name):
    stack = np.random.default_rng(1).normal(size=(3, 20, 30))
    np.testing.assert_array_equal(reading.read(write(tmp_path / name, stack)), stack)
    if name != "a.v73.mat":
        iq = stack[0] + 1j * stack[1]
        np.testing.assert_array_equal(reading.read(write(tmp_path / name, iq)), iq)


def test_matlab_7_3_holds_complex_numbers_as_pairs(tmp_path):
    pairs = np.zeros((2, 5), dtype=[("real", "f8"), ("imag", "f8")])
    pairs["real"], pairs["imag"] = np.arange(10).reshape(2, 5), -1
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["samples"] = pairs
    np.testing.assert_array_equal(reading.read(tmp_path / "a.mat"), (np.arange(10).reshape(2, 5) - 1j).T)


def test_jpeg_is_near_and_colours_are_read_by_luminance(tmp_path):
    smooth = np.tile(np.linspace(0, 255, 64), (64, 1))
    assert np.abs(reading.read(write(tmp_path / "a.jpg", smooth)) - smooth).max() < 6
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    Image.fromarray(red).save(tmp_path / "red.png")
    assert np.unique(reading.read(tmp_path / "red.png")).tolist() == [60]  # 0.299 * 200, ITU-R 601


def test_png_of_16_bits_keeps_them(tmp_path):
    deep = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    Image.fromarray(deep).save(tmp_path / "a.png")
    np.testing.assert_array_equal(reading.read(tmp_path / "a.png"), deep)


def test_fortran_order_and_older_and_newer_headers(tmp_path):
    np.save(tmp_path / "f.npy", np.asfortranarray(VALUES))
    np.testing.assert_array_equal(reading.read(tmp_path / "f.npy"), VALUES)
    with (tmp_path / "two.npy").open("wb") as file:
        np.lib.format.write_array(file, VALUES, version=(2, 0))
    np.testing.assert_array_equal(reading.read(tmp_path / "two.npy"), VALUES)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.v7.mat", "a.v73.mat", "a.png", "a.jpg"])
def test_truncated_and_foreign_files_are_named(tmp_path, name):
    path = write(tmp_path / name, VALUES)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2 + 3], b"\x00\xff not this format" * 20, b""):
        path.write_bytes(content)
        if path.suffix == ".csv" and content[:1] not in (b"", b"\x00"):
            path.write_bytes(content + b"\n1,2\n")  # half a table is a table; rows of unlike length are none
        with pytest.raises(HarlibError) as refused:
            reading.read(path)
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil-was-here",)


def test_pickles_are_refused_unopened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "a.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=np.array([Evil()], dtype=object), allow_pickle=True)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Evil()))
    for name, message in (
        ("a.npy", "Python objects"),
        ("a.npz", "Python objects|name the spectrogram"),
        ("b.npy", "no"),
    ):
        with pytest.raises(HarlibError, match=message):
            reading.read(tmp_path / name)
    assert not (tmp_path / "evil-was-here").exists()


def header(shape, dtype="<f8"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


def test_a_header_that_claims_too_much_is_refused_before_it_is_believed(tmp_path):
    (tmp_path / "a.npy").write_bytes(header((2**40, 64)))
    (tmp_path / "b.npy").write_bytes(header((4, 4), "<U400000000"))
    (tmp_path / "c.npy").write_bytes(header((2**20, 64)))
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", header((2**40,)))
    with h5py.File(tmp_path / "e.mat", "w") as file:
        file.create_dataset("x", (2**30, 64), "f8", chunks=(1024, 64))  # no chunk is written
    picture = io.BytesIO()
    Image.new("L", (8, 8)).save(picture, "png")
    huge = bytearray(picture.getvalue())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    (tmp_path / "f.png").write_bytes(huge)
    messages = {
        "a.npy": "above",
        "b.npy": "above",
        "c.npy": "truncated",
        "d.npz": "above",
        "e.mat": "above",
        "f.png": "f.png",
    }
    for name, message in messages.items():
        with pytest.raises(HarlibError, match=message):
            reading.read(tmp_path / name)


def test_a_chunk_of_a_png_that_claims_too_much_is_not_believed(tmp_path):
    path = write(tmp_path / "a.png", VALUES)
    content = path.read_bytes()
    at = content.index(b"IDAT") - 4
    path.write_bytes(content[:at] + (2**31 - 1).to_bytes(4, "big") + content[at + 4 :])
    tracemalloc.start()
    try:
        np.testing.assert_array_equal(reading.read(path), VALUES)  # its content is whole
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_archives_that_unpack_to_too_much_are_refused(tmp_path, monkeypatch):
    zeros = np.zeros((600, 600))
    np.savez_compressed(tmp_path / "a.npz", x=zeros)
    scipy.io.savemat(tmp_path / "a.mat", {"x": zeros}, do_compression=True)
    for module in ("arrays", "matlab"):
        monkeypatch.setattr(f"harlib.importing.{module}.MOST_BYTES", 10**6)
    for name in ("a.npz", "a.mat"):
        with pytest.raises(HarlibError, match="unpacks to more"):
            reading.read(tmp_path / name)


def test_large_files_are_refused_by_their_size(tmp_path):
    for name, size in (("a.npy", limits.MOST_BYTES), ("a.csv", limits.MOST_TEXT), ("a.mat", limits.MOST_BYTES)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size + 1)
        with pytest.raises(HarlibError, match="bytes are above"):
            reading.read(tmp_path / name)


def test_names_with_folders_in_an_archive_write_nothing(tmp_path):
    inner = io.BytesIO()
    np.save(inner, VALUES)
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("../../outside.npy", inner.getvalue())
    np.testing.assert_array_equal(reading.read(folder / "a.npz"), VALUES)
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.npz"]


def test_a_matlab_file_that_points_elsewhere_or_has_huge_chunks_is_refused(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = VALUES
    (tmp_path / "raw.bin").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "link.mat", "w") as file:
        file["x"] = h5py.ExternalLink("secret.h5", "x")
    with h5py.File(tmp_path / "external.mat", "w") as file:
        file.create_dataset("x", VALUES.shape, "f8", external=[("raw.bin", 0, h5py.h5f.UNLIMITED)])
    with h5py.File(tmp_path / "chunk.mat", "w") as file:
        file.create_dataset("x", (64, 64), "f8", chunks=(2**14, 2**14), maxshape=(None, None))
    layout = h5py.VirtualLayout(VALUES.shape, "f8")
    layout[:] = h5py.VirtualSource("secret.h5", "x", VALUES.shape)
    with h5py.File(tmp_path / "virtual.mat", "w") as file:
        file.create_virtual_dataset("x", layout)
    for name, message in (
        ("link", "holds no matrix"),
        ("external", "another file"),
        ("virtual", "another file"),
        ("chunk", "above"),
    ):
        with pytest.raises(HarlibError, match=message):
            reading.read(tmp_path / f"{name}.mat")


def test_old_matlab_files_and_several_matrices_are_refused_with_the_mend(tmp_path):
    scipy.io.savemat(tmp_path / "old.mat", {"x": VALUES}, format="4")
    scipy.io.savemat(tmp_path / "two.mat", {"a": VALUES, "b": VALUES})
    np.savez(tmp_path / "two.npz", a=VALUES, b=VALUES)
    for name, message in (("old.mat", "-v7"), ("two.mat", "holds a, b: name"), ("two.npz", "holds a, b: name")):
        with pytest.raises(HarlibError, match=message):
            reading.read(tmp_path / name)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array(["a", "b"]), "expected numbers"),
        (np.zeros(5), "shape"),
        (np.zeros((0, 64)), "shape"),
        (np.zeros((64, 1)), "shape"),
        (np.zeros((1, 2, 3, 4)), "shape"),
        (np.zeros((64, 64), complex), "--iq"),
        (np.full((64, 64), np.nan), "NaN"),
        (np.full((64, 64), np.inf), "infinite"),
        (np.full((64, 64), -1e300), "beyond"),
    ],
)
def test_arrays_that_are_no_spectrograms_are_refused(tmp_path, values, message):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(HarlibError, match=message) as refused:
        pictures.load(tmp_path / "a.npy")
    assert "a.npy" in str(refused.value)


def test_transposed_spectrograms_are_turned(tmp_path):
    values = np.arange(64 * 64.0).reshape(64, 64)
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(pictures.load(tmp_path / "a.npy", transpose=True)[0], values.T)


def test_links_out_of_the_folder_and_loops_are_passed_over_with_a_word(tmp_path):
    root, outside = tmp_path / "in", tmp_path / "out"
    (root / "a").mkdir(parents=True)
    outside.mkdir()
    np.save(outside / "secret.npy", VALUES)
    np.save(root / "a" / "own.npy", VALUES)
    (root / "a" / "link.npy").symlink_to(outside / "secret.npy")
    (root / "a" / "same.npy").symlink_to(root / "a" / "own.npy")
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "notes.txt").write_text("hello")
    os.mkfifo(root / "a" / "pipe.npy")
    found, passed = reading.listing(root)
    assert [path.name for path in found] == ["own.npy", "same.npy"]
    assert len(passed) == 4
    for name, why in (
        ("link.npy", "out of the folder"),
        ("loop", "to a folder"),
        ("notes.txt", "no"),
        ("pipe.npy", "no"),
    ):
        assert any(f"a/{name}: " in line and why in line for line in passed), name


def test_folders_without_a_readable_file_are_refused(tmp_path):
    with pytest.raises(HarlibError, match="no readable file"):
        reading.listing(tmp_path)
    with pytest.raises(HarlibError, match="is no folder"):
        reading.listing(tmp_path / "none")
    with pytest.raises(HarlibError, match=r"unknown ending '\.txt'"):
        reading.read(tmp_path / "a.txt")
