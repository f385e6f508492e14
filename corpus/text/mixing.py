"""Mixers of 64-bit hashes, for kernels. Source: MurmurHash3's finalizer; the golden ratio as Knuth uses it."""

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: spreads numbers that are near each other
MURMUR_1, MURMUR_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


@njit(cache=True, nogil=True, inline="always")
def mix64(h):
    """Returns MurmurHash3's 64-bit finalizer of h: each input bit changes each output bit with odds of one half."""
    h = (h ^ (h >> np.uint64(33))) * MURMUR_1
    return mix64_once(h)


@njit(cache=True, nogil=True, inline="always")
def mix64_once(h):
    """Returns the second half of the finalizer, for an h that was multiplied before."""
    h = (h ^ (h >> np.uint64(33))) * MURMUR_2
    return h ^ (h >> np.uint64(33))
