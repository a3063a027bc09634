"""How processes that train networks are started and set up; nothing here changes a number."""

import ctypes
import os
import platform
import resource
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import joblib
import torch
from joblib.externals.loky import get_reusable_executor

from harlib.errors import HarlibError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def set_up() -> None:
    """One thread, deterministic algorithms, and memory that is kept between steps.

    Folds run as processes: two OpenMP threads that compete for a core cost ten times. glibc gives each 8 MB activation
    back to the kernel and takes it again, zeroed page by page, at the next step: a quarter of a training step's time.
    Another quarter went into torch's filling of memory that nothing has read yet with NaN, which only helps debugging.

    On a GPU, results repeat with a fixed workspace of cuBLAS, and float32 is float32 instead of TF32's 10 bits.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")  # as use_deterministic_algorithms, which imports the compiler: 2 s
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def check_device(device: str) -> None:
    """Refuse a device that torch cannot compute on here.

    Raises:
        HarlibError: "cuda" without a GPU, or with a build of torch that is for the CPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        why = (
            "torch sees no GPU"
            if torch.version.cuda
            else "this build of torch is for the CPU; `make TORCH=cuda` brings the other"
        )
        raise HarlibError(f"device = 'cuda': {why}: set device: cpu")


def threads() -> int:
    """Threads that torch computes with in this process."""
    return torch.get_num_threads()


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def in_parallel(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """Call a function once a tuple of arguments, in at most `workers` processes; results come as they are ready."""
    workers = max(1, min(workers, len(calls)))
    with warnings.catch_warnings():
        # Processes keep their memory on purpose (see set_up); joblib takes that for a leak and renews them.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
        parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
        yield from parallel(joblib.delayed(function)(*arguments) for arguments in calls)
    if workers > 1:  # or they would wait on, each with its memory, and outlive a kernel that is stopped
        get_reusable_executor().shutdown(kill_workers=True)
