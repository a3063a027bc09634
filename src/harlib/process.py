"""How a process that trains a fold is set up; nothing here changes a number."""

import ctypes
import platform

import torch

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
