"""How processes that train networks are started and set up; nothing here changes a number."""

import ctypes
import platform
import resource
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import joblib
import torch
from joblib.externals.loky import get_reusable_executor

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def set_up() -> None:
    """One thread, deterministic algorithms, and memory that is kept between steps.

    Folds run as processes: two OpenMP threads that compete for a core cost ten times. glibc gives each 8 MB activation
    back to the kernel and takes it again, zeroed page by page, at the next step: a quarter of a training step's time.
    Another quarter went into torch's filling of memory that nothing has read yet with NaN, which only helps debugging.
    """
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")  # as use_deterministic_algorithms, which imports the compiler: 2 s
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


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
