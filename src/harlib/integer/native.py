"""The C engine from Python: the exported source, compiled once a model and called by ctypes.

The library lies in a cache folder under a name that is the hash of its source, compiler and options, so a changed
model, template or compiler is never answered by an old build. Results and errors are the oracle's.
"""

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Shaped

from harlib.errors import HarlibError
from harlib.files import write
from harlib.integer import oracle
from harlib.integer.c.plan import terms
from harlib.integer.c.source import UNROLLED, sources
from harlib.integer.model import IntegerModel

Engine = Callable[[Shaped[np.ndarray, "n ..."]], Int32[np.ndarray, "n classes"]]
ALIGNMENT = 64  # bytes: a cache line
SECONDS = 300  # for the compiler
ARCHITECTURES = (
    ({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}, ("-march=x86-64-v4", "-mprefer-vector-width=512")),
    ({"avx2", "bmi2", "fma", "movbe"}, ("-march=x86-64-v3",)),
)
OPTIONS = ("-std=c99", "-O3")


def find_compiler() -> str | None:
    """Path of the C compiler: $CC, gcc, cc or clang, the first that is there."""
    names = (os.environ.get("CC", ""), "gcc", "cc", "clang")  # gcc's code is the fastest here
    return next((found for name in names if name and (found := shutil.which(name))), None)


def cache_folder() -> Path:
    """Where compiled models lie: $HARLIB_CACHE, or harlib below the user's cache folder."""
    own = os.environ.get("HARLIB_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harlib"


def engine(model: IntegerModel) -> Engine:
    """Choose the fastest engine there is: C where a compiler builds it, else the oracle; the same results.

    A compiler that is there and fails is warned about.

    Returns:
        A function from codes, as `harlib.integer.oracle.run` takes them, to logits.
    """
    compiler = find_compiler()
    if compiler is not None:
        try:
            return Native(model, compiler)
        except HarlibError as error:
            warnings.warn(f"{error}; the NumPy engine takes over", stacklevel=2)
    return functools.partial(oracle.run, model)


class Native:
    """A model as a compiled library; calls from several threads at a time are fine, each has its own state."""

    def __init__(self, model: IntegerModel, compiler: str | None = None, backend: str | None = None) -> None:
        """Compile the model, or take the library from the cache.

        Args:
            model: the integer model.
            compiler: path of a C compiler (default: `find_compiler`).
            backend: "fast" or "compact" (default: fast where it holds the model).

        Raises:
            HarlibError: there is no compiler, or it fails.
        """
        compiler = compiler or find_compiler()
        if compiler is None:
            raise HarlibError("C compiler: none of $CC, gcc, cc, clang was found; install gcc or use the NumPy engine")
        self.model = model
        texts = sources(model, backend or ("fast" if terms(model) <= UNROLLED else "compact"))
        try:
            library = ctypes.CDLL(str(_build(texts, compiler)))
        except OSError as error:
            raise HarlibError(f"C engine: the compiled model cannot be loaded ({error})") from None
        self._run = library.harlib_run
        self._run.argtypes = [ctypes.c_void_p] * 3
        self._run.restype = None
        self.state_bytes = ctypes.c_uint32.in_dll(library, "harlib_state_bytes").value

    def __call__(self, x: Shaped[np.ndarray, "n ..."]) -> Int32[np.ndarray, "n classes"]:
        """Compute the logits; arguments and errors as for `harlib.integer.oracle.run`."""
        codes = np.ascontiguousarray(oracle.checked_input(self.model, x))
        logits = np.empty((len(codes), len(self.model.classes)), np.int32)
        memory = np.empty(self.state_bytes + ALIGNMENT, np.uint8)
        state = memory.ctypes.data + -memory.ctypes.data % ALIGNMENT
        source, target = codes.ctypes.data, logits.ctypes.data
        for i in range(len(codes)):
            self._run(state, source + i * codes.strides[0], target + i * logits.strides[0])
        return logits


def machine_options(compiler: str) -> tuple[str, ...]:
    """The compiler's options for speed on this machine."""
    return (*OPTIONS, *_architecture(compiler))


def _build(texts: dict[str, str], compiler: str) -> Path:
    options = ("-shared", "-fPIC", *machine_options(compiler))
    identity = "\0".join([*texts.values(), compiler, _version(compiler), *options])
    library = cache_folder() / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory() as folder:
        for name in ("harlib_model.h", "harlib_model.c"):
            (Path(folder) / name).write_text(texts[name], encoding="utf-8")
        built = Path(folder) / "model.so"
        command = [compiler, *options, "-o", str(built), str(Path(folder) / "harlib_model.c")]
        _call(command)
        write(library, built.read_bytes())
    return library


@functools.cache
def _version(compiler: str) -> str:
    return _call([compiler, "--version"])


@functools.cache
def _architecture(compiler: str) -> tuple[str, ...]:
    """Vector instructions that this machine and the compiler both know; the cache's names tell them apart."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").split())
    except OSError:
        return ()
    for needed, options in ARCHITECTURES:
        if needed <= flags:
            try:
                _call([compiler, *options, "-E", "-x", "c", os.devnull])
            except HarlibError:
                continue
            return options
    return ()


def _call(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HarlibError(f"C compiler {command[0]}: does not run ({error})") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise HarlibError(f"C compiler {command[0]}: status {done.returncode}, {last}")
    return done.stdout
