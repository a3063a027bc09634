"""Broken inputs for every reader of files that come from others: each gives a value or an error of ours, nothing else.

python tests/fuzzing.py READER COUNT [SEED] runs one reader in this process under limits of time and memory and prints
what it counted as JSON; an input that breaks the rules stays in the folder that the message names.
"""

import io
import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import captures
import numpy as np

from harlib import parameters
from harlib.errors import HarlibError

SECONDS = 5  # of processor time, for one input
MEMORY = 1536 * 2**20  # bytes of address space beyond what the process has before the first input
WATCHED = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect")
WORDS = (b"nan", b"inf", b"-1", b"0", b"1e999", b"9" * 25, b"9" * 5000, b"", b"\xff\xfe", b"\0", b"{", b"[", b"%s")
NUMBERS = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)
NESTED = (b"[" * 3000, b'{"a":' * 3000, b"- " * 3000, b"(" * 300)
VALUES = (
    None,
    True,
    -1,
    0,
    1,
    255,
    256,
    2**31,
    2**63,
    10**30,
    0.5,
    -0.0,
    1e308,
    "",
    "x" * 5000,
    "\0",
    [],
    {},
    [[]],
    [1],
)


@dataclass
class Counts:
    """What became of the inputs of one reader, and the largest cost of one of them."""

    reader: str
    inputs: int = 0
    refused: int = 0
    accepted: int = 0
    seconds_worst: float = 0.0
    memory_mb: float = 0.0


def flip(content: bytes, rng: random.Random) -> bytes:
    """Change content in one to four places: bits, bytes, numbers, words, pieces left out, doubled or moved."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 2, 8, 64, 1000)))
        kind = rng.randrange(9)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 2:
            del data[at:end]
        elif kind == 3:
            data[at:at] = data[at:end]
        elif kind == 4:
            size, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
            data[at : at + size] = (rng.choice(NUMBERS) % 256**size).to_bytes(size, order)
        elif kind == 5:
            data[at:end] = rng.choice(WORDS)
        elif kind == 6:
            del data[at:]
        elif kind == 7:
            piece = data[at:end]
            del data[at:end]
            where = rng.randrange(len(data) + 1)
            data[where:where] = piece
        elif rng.random() < 0.05:
            data[at:at] = rng.choice(NESTED)
    return bytes(data)


def flip_words(content: bytes, rng: random.Random) -> bytes:
    """Change a text word by word, else as `flip`."""
    if rng.random() < 0.4:
        return flip(content, rng)
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        words = lines[at].split(b" ")
        place = rng.randrange(len(words))
        kind = rng.randrange(5)
        if kind == 0:
            words[place] = rng.choice(WORDS)
        elif kind == 1:
            words[place] = b"-" + words[place]
        elif kind == 2:
            words.pop(place)
        elif kind == 3:
            words.append(words[place])
        else:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        lines[at] = b" ".join(words)
    return b"\n".join(lines)


def flip_json(content: bytes, rng: random.Random) -> bytes:
    """Replace, remove or add a value somewhere in a JSON document, else as `flip`."""
    if rng.random() < 0.3:
        return flip(content, rng)
    root = json.loads(content)
    for _ in range(rng.randint(1, 2)):
        place = root
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(place[key], dict | list) and rng.random() < 0.8:
                place = place[key]
                continue
            kind = rng.randrange(4)
            if kind == 0:
                del place[key]
            elif kind == 1 and isinstance(place, dict):
                place[rng.choice(("", "x", "op", "weight"))] = place[key]
            elif kind == 2 and isinstance(place[key], int):
                place[key] = place[key] + rng.choice((-1, 1, 256, 2**24))
            else:
                place[key] = rng.choice(VALUES)
            break
    return json.dumps(root).encode()


def flip_zip(content: bytes, rng: random.Random) -> bytes:
    """Change what lies in an archive, with fitting checksums, or drop and double its members, else as `flip`."""
    if rng.random() < 0.4:
        return flip(content, rng)
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            inner = old.read(name)
            if name == chosen:
                if rng.random() < 0.1:
                    continue
                head = inner[:128]  # the header of an array, where most of what can be believed stands
                inner = flip(head, rng) + inner[128:] if rng.random() < 0.7 else flip(inner, rng)
                if rng.random() < 0.3:
                    name = rng.choice(("../" + name, "/" + name, name + ".npy", "x.npy", "y.npy"))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a name that is there already: that is the point
                new.writestr(name, inner)
    return held.getvalue()


def _npz(**arrays: object) -> bytes:
    held = io.BytesIO()
    np.savez_compressed(held, allow_pickle=False, **{name: np.array(value) for name, value in arrays.items()})
    return held.getvalue()


def _saved(name: str, write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


PICTURE = (np.arange(12 * 10).reshape(12, 10) * 2).astype(np.uint8)
SAMPLES = np.zeros((4, 64, 64), np.uint16)


def _dataset() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib import data

    text = {"classes": ["a", "b"], "unit": "u", "provenance": "p"}
    content = _npz(x=SAMPLES, y=[0, 1, 0, 1], group=[0, 0, 1, 1], nuisance_snr_db=[1.0, 2.0, 3.0, 4.0], **text)
    return content, "data.npz", data.load


def _own(suffix: str, content: bytes) -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.importing import pictures

    return content, f"own{suffix}", pictures.load


def _npy() -> tuple[bytes, str, Callable[[Path], object]]:
    return _own(".npy", _saved("a.npy", lambda path: np.save(path, PICTURE)))


def _own_npz() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.importing import recordings

    content = _npz(x=np.stack([PICTURE] * 4), y=[0, 1, 0, 1], group=["k", "k", "l", "l"], classes=["a", "b"])
    return content, "own.npz", lambda path: recordings.dataset(recordings.gather(path))


def _csv() -> tuple[bytes, str, Callable[[Path], object]]:
    return _own(".csv", _saved("a.csv", lambda path: np.savetxt(path, PICTURE, "%d", ",")))


def _mat5() -> tuple[bytes, str, Callable[[Path], object]]:
    import scipy.io

    return _own(".mat", _saved("a.mat", lambda path: scipy.io.savemat(path, {"x": PICTURE}, do_compression=True)))


def _mat73() -> tuple[bytes, str, Callable[[Path], object]]:
    import h5py

    def write(path: Path) -> None:
        with h5py.File(path, "w", userblock_size=512) as file:
            file.create_dataset("x", data=PICTURE.T, chunks=(5, 6), compression="gzip")

    return _own(".mat", _saved("a.mat", write))


def _png() -> tuple[bytes, str, Callable[[Path], object]]:
    from PIL import Image

    return _own(".png", _saved("a.png", lambda path: Image.fromarray(PICTURE).save(path)))


def _jpeg() -> tuple[bytes, str, Callable[[Path], object]]:
    from PIL import Image

    return _own(".jpg", _saved("a.jpg", lambda path: Image.fromarray(PICTURE).save(path)))


def _iq() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.importing import iq

    return b"carrier_ghz: 24.0\npulse_rate_hz: 1000\nnoise_rms: 0.5\nstep_columns: 32\n", "iq.yml", iq.load


def _groups() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.importing import groups

    files = [Path(f"in/walk/{n}.npy") for n in range(3)]
    content = b"file,group\nwalk/0.npy,k\nwalk/1.npy,k\nwalk/2.npy,l\n"
    return content, "groups.csv", lambda path: groups.from_table(files, Path("in"), path)


MODEL = {
    "format": "harlib-integer",
    "version": 1,
    "classes": ["a", "b"],
    "input": {"shape": [1, 6, 6], "low": 0.0, "high": 1.0, "scale": 0.5, "zero_point": 3},
    "layers": [
        {
            **{"op": "conv2d", "name": "conv", "in_channels": 1, "out_channels": 2, "groups": 1},
            **{"kernel": [3, 3], "stride": [1, 1], "padding": [1, 1]},
            "weight": [[[[1, 0, -1]] * 3], [[[0, 1, 0]] * 3]],
            **{"bias": [5, -7], "input_zero_point": 3, "multiplier": [3, 5], "shift": [9, 9]},
            **{"output_zero_point": 0, "clamp": [0, 255], "weight_scale": 0.5, "output_scale": 0.25},
            "real_multiplier": [3 / 512, 5 / 512],
        },
        {
            "op": "global_average_pool",
            "name": "pool",
            "count": 36,
            "multiplier": 57,
            "shift": 11,
            "input_zero_point": 0,
        },
        {
            **{"op": "linear", "name": "linear", "in_features": 2, "out_features": 2, "weight": [[1, 0], [0, -1]]},
            **{"bias": [1, 2], "input_zero_point": 0, "weight_scale": 0.5, "logit_scale": 0.25},
        },
    ],
}


def _model() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.integer import model

    return json.dumps(MODEL).encode(), "model.json", model.load


def _vectors() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.integer import model, vectors

    made = model.parse(json.dumps(MODEL))
    x = np.arange(3 * 36, dtype=np.uint8).reshape(3, 6, 6)
    return _saved("v.npz", lambda path: vectors.save(path, made, x)), "v.npz", vectors.load


def _parameters() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.runs import read_yaml

    content = (
        b"subjects: 6\nthreshold: 0.7\nwindow: hann\nheight_m: [1.5, 1.9]\nsweep_thresholds: [0.3, 0.7]\nseed: 1\n"
    )
    content += b"# a comment\ndevice: cpu\npublish_samples: false\n"
    return content, "run.yml", lambda path: parameters.check(read_yaml(path), str(path))


def _manifest() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib import manifest
    from harlib.project import project_root

    content = (project_root() / "reference" / "published" / "manifest.json").read_bytes()
    return content, "manifest.json", lambda path: manifest.load(path.parent)


def _checkpoint() -> tuple[bytes, str, Callable[[Path], object]]:
    from safetensors.numpy import save

    from harlib.runs import Run

    content = save({"a": np.arange(6.0, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.int64)})
    return content, "checkpoints/qat/fold0.safetensors", lambda path: Run(path.parents[2]).state("qat", 0)


def _bvh() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.radar.mocap import record

    return captures.BVH.encode(), "a.bvh", record.read


def _asf() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.radar.mocap import record

    def read(path: Path) -> object:
        motion = path.with_name("m.amc")
        motion.write_text(captures.AMC)
        return record.read(motion, path)

    return captures.ASF.encode(), "s.asf", read


def _amc() -> tuple[bytes, str, Callable[[Path], object]]:
    from harlib.radar.mocap import record

    def read(path: Path) -> object:
        skeleton = path.with_name("s.asf")
        skeleton.write_text(captures.ASF)
        return record.read(path, skeleton)

    return captures.AMC.encode(), "m.amc", read


READERS: dict[str, tuple[Callable[[], tuple[bytes, str, Callable[[Path], object]]], Callable[..., bytes]]] = {
    "data set (.npz)": (_dataset, flip_zip),
    "own recordings, .npz": (_own_npz, flip_zip),
    "own recordings, .npy": (_npy, flip),
    "own recordings, .csv": (_csv, flip_words),
    "own recordings, .mat 5": (_mat5, flip),
    "own recordings, .mat 7.3": (_mat73, flip),
    "own recordings, .png": (_png, flip),
    "own recordings, .jpg": (_jpeg, flip),
    "groups of recordings (.csv)": (_groups, flip_words),
    "I/Q description (.yml)": (_iq, flip_words),
    "parameters (.yml)": (_parameters, flip_words),
    "integer model (.json)": (_model, flip_json),
    "test vectors (.npz)": (_vectors, flip_zip),
    "manifest (.json)": (_manifest, flip_json),
    "checkpoint (.safetensors)": (_checkpoint, flip),
    "motion capture, .bvh": (_bvh, flip_words),
    "motion capture, .asf": (_asf, flip_words),
    "motion capture, .amc": (_amc, flip_words),
}


@contextmanager
def _kept() -> Iterator[str]:
    """A folder that stays when something goes wrong in it."""
    folder = tempfile.mkdtemp(prefix="fuzz-")
    yield folder
    shutil.rmtree(folder)


def _refuse(event: str, _: object) -> None:
    if event in WATCHED:
        raise SystemExit(f"an input made the reader do {event}")


def _late(*_: object) -> None:
    raise SystemExit(f"an input took more than {SECONDS} s")


def fuzz(reader: str, count: int, seed: int = 0) -> Counts:
    """Give `count` broken inputs to a reader.

    Raises:
        AssertionError: another error than ours, or a message that is no line of text; names the file.
    """
    make, mutate = READERS[reader]
    content, name, read = make()
    rng = random.Random(f"{seed} {reader}")
    found = Counts(reader)
    with _kept() as folder:
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        read(path)  # the sound one is read, and what is imported late is there
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(count):
            path.write_bytes(mutate(content, rng))
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            started = time.process_time()
            try:
                read(path)
                found.accepted += 1
            except HarlibError as error:
                if len(str(error)) > 10000 or not str(error).isprintable():
                    raise AssertionError(f"{path}: {error!r} is no line of text") from error
                found.refused += 1
            except Exception as error:
                raise AssertionError(f"{path}: {type(error).__name__}: {error}") from error
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            found.inputs += 1
            found.seconds_worst = max(found.seconds_worst, time.process_time() - started)
        found.memory_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return found


def limit() -> None:
    """Bound what this process may take and do from now on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.signal(signal.SIGVTALRM, _late)
    sys.addaudithook(_refuse)


def main() -> None:
    """Run as a program."""
    names = list(READERS) if sys.argv[1] == "all" else [sys.argv[1]]
    count = int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for name in names:
        fuzz(name, 0)  # imports
    limit()
    for name in names:
        print(json.dumps(asdict(fuzz(name, count, seed))), flush=True)


if __name__ == "__main__":
    main()
