"""Updates of optimizers, as few passes over memory as the formulas allow. The formulas are in `training.optimizers`.

Shape suffixes: N numbers of a flat tensor, K blocks of them.
"""

import numpy as np
from numba import njit, prange

from training.kernels.numbers import FAST

_BLOCK = 32_768  # numbers: small enough for many blocks, large enough to pay for a thread


def n_blocks(n):
    """Returns the number of blocks of a tensor; it does not depend on threads, so neither do sums over blocks."""
    return max(1, n // _BLOCK)


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def mean_square(g_N, v_N, scale, beta, eps, correction, sums_K):
    """RMSProp's first pass: writes v, and sums of u² = g² / (v correction) per block. It reads 2 arrays, writes 1."""
    n, n_blocks = g_N.shape[0], sums_K.shape[0]
    rest = np.float32(1.0) - beta
    for block in prange(n_blocks):
        at = slice(block * n // n_blocks, (block + 1) * n // n_blocks)
        g, v = g_N[at], v_N[at]
        total = np.float32(0.0)
        for j in range(g.shape[0]):
            square = g[j] * scale * g[j] * scale
            mean = beta * v[j] + rest * (square + eps)
            v[j] = mean
            total += square / (mean * correction)
        sums_K[block] = total


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def rmsprop(g_N, v_N, m_N, p_N, scale, beta, correction, inverse_clip, kept, rate, n_blocks):
    """RMSProp's second pass: m and p from u, p = kept p - rate m. It reads 4 arrays, writes 2."""
    n = g_N.shape[0]
    gain = (np.float32(1.0) - beta) * scale * inverse_clip
    for block in prange(n_blocks):
        at = slice(block * n // n_blocks, (block + 1) * n // n_blocks)
        g, v, m, p = g_N[at], v_N[at], m_N[at], p_N[at]
        for j in range(g.shape[0]):
            momentum = beta * m[j] + gain * (g[j] / np.sqrt(v[j] * correction))
            m[j] = momentum
            p[j] = kept * p[j] - rate * momentum


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def adamw(g_N, m_N, v_N, p_N, scale, beta1, beta2, eps, inverse_root, kept, rate, n_blocks):
    """AdamW in one pass: p = kept p - rate m / (sqrt(v) inverse_root + eps). It reads 4 arrays, writes 3."""
    n = g_N.shape[0]
    rest1, rest2 = np.float32(1.0) - beta1, np.float32(1.0) - beta2
    for block in prange(n_blocks):
        at = slice(block * n // n_blocks, (block + 1) * n // n_blocks)
        g, m, v, p = g_N[at], m_N[at], v_N[at], p_N[at]
        for j in range(g.shape[0]):
            gradient = g[j] * scale
            mean = beta1 * m[j] + rest1 * gradient
            square = beta2 * v[j] + rest2 * gradient * gradient
            m[j] = mean
            v[j] = square
            p[j] = kept * p[j] - rate * mean / (np.sqrt(square) * inverse_root + eps)
