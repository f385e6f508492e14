"""The mixer against Python's own numbers and a published value."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus.text.mixing import mix64, mix64_once

MASK = (1 << 64) - 1


def fmix64(h: int) -> int:
    """MurmurHash3's finalizer, as its reference has it."""
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & MASK
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


@given(st.integers(0, MASK))
def test_it_is_murmur_s_finalizer(h: int) -> None:
    assert int(mix64(np.uint64(h))) == fmix64(h)


def test_known_values() -> None:
    assert int(mix64(np.uint64(0))) == 0
    assert int(mix64(np.uint64(1))) == 0xB456BCFC34C2CB2C  # of the reference implementation
    assert int(mix64_once(np.uint64(1))) == fmix64_second(1)


def fmix64_second(h: int) -> int:
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33
