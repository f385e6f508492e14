"""Memory that a process keeps when tensors are freed.

A training step frees and allocates the same large tensors again and again. The C library gives each of them back to the
system, which fills the next one with zeros, page by page: on the CPU up to a sixth of a step goes there. A process that
trains asks once to keep what it frees. It concerns the whole process, so a library does not do it by itself; the
training loop does, in a process of its own. The price is fragments: a process that does nothing but allocate and free
one tensor of 64 MB grows to some 700 MB, and a training step by next to nothing.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # numbers of mallopt(3) in glibc's malloc.h
_NEVER = 2**31 - 1


def keep_freed() -> bool:
    """Tells the C library to keep freed memory for the next tensors; False if it is not glibc's and cannot."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, musl, Windows
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _NEVER)) and bool(mallopt(_MMAP_MAX, 0))
