"""The kernel of a best-fit packing (corpus.shards.packing)."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def fit(sizes, length):
    """Returns (sequence of each piece, number of sequences): largest pieces first, each where least room is left.

    Sequences with r free slots are a stack, `top[r]` and below it `under`. Pieces are sorted by counting. For a piece,
    the stacks from its size upward are searched for one that is not empty; `filled` counts those of 64 sizes at once.
    """
    n = sizes.size
    count = np.zeros(length + 2, np.int64)
    for i in range(n):
        count[length - sizes[i] + 1] += 1
    for s in range(length + 1):
        count[s + 1] += count[s]
    order = np.empty(n, np.int64)
    for i in range(n):
        order[count[length - sizes[i]]] = i
        count[length - sizes[i]] += 1

    sequence, n_sequences = np.empty(n, np.int64), 0
    top, under = np.full(length + 1, -1, np.int64), np.empty(n, np.int64)
    filled = np.zeros(length // 64 + 1, np.int64)
    for k in range(n):
        i = order[k]
        size = sizes[i]
        r = size
        while r <= length and top[r] < 0:
            r = r + 1 if filled[r >> 6] else ((r >> 6) + 1) << 6
        if r <= length:
            s = top[r]
            top[r] = under[s]
            filled[r >> 6] -= 1
        else:
            s, r = n_sequences, length
            n_sequences += 1
        sequence[i], left = s, r - size
        if left > 0:
            under[s], top[left] = top[left], s
            filled[left >> 6] += 1
    return sequence, n_sequences
