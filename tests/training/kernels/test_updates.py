"""Blocks of updates. That updates are right is what the tests of optimizers show, at sizes of one and several blocks."""

import numpy as np

from training.kernels import updates


def test_blocks_depend_on_the_size_alone() -> None:
    assert [updates.n_blocks(n) for n in (0, 1, 65_535, 65_536)] == [1, 1, 1, 2]


def test_every_number_is_changed_once() -> None:
    n = 100_003
    g, v, m, p = np.ones(n, np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32)
    one, half, zero = np.float32(1), np.float32(0.5), np.float32(0)
    sums = np.empty(updates.n_blocks(n), np.float32)
    updates.mean_square(g, v, one, half, zero, np.float32(2), sums)
    assert (v == 0.5).all()
    assert sums.sum() == n
    updates.rmsprop(g, v, m, p, one, half, np.float32(2), one, one, one, len(sums))
    assert (m == 0.5).all()
    assert (p == -0.5).all()
