"""From the fused projection to queries, keys and values, and back: norms over heads, RoPE, and the order in memory.

Queries of the heads that share a key head are put together: (B, G, S, R, C). So a block of positions is one contiguous
matrix, and its product with the keys needs no copy of them. Queries are multiplied by 1 / sqrt(C) on the way.

For a head x with norm weights w: n = x i w, with i = 1 / sqrt(mean(x²) + eps); then each pair (n_j, n_{j+P}) is turned
by its angle. Backward turns the gradient back, and goes through the norm as in training.kernels.norm.

Shape suffixes: B rows of a batch, S positions, E = (R + 2) G C columns, G key heads, R query heads per key head, C
dimensions of a head, P = C / 2; K blocks of positions; one table of cosines and sines (B, S, P).
"""

import numpy as np
from numba import njit, prange

from training.kernels.numbers import FAST, narrow, widen


@njit(inline="always", fastmath=FAST)
def _forward(x_C, w_C, cos_P, sin_P, eps, scale, out_C):
    """Norm, turn and scale of one head."""
    c = x_C.shape[0]
    p = c // 2
    squares = np.float32(0.0)
    for j in range(c):
        squares += widen(x_C[j]) * widen(x_C[j])
    factor = scale / np.sqrt(squares / np.float32(c) + eps)
    for j in range(p):
        first, second = widen(x_C[j]) * w_C[j] * factor, widen(x_C[j + p]) * w_C[j + p] * factor
        out_C[j] = narrow(first * cos_P[j] - second * sin_P[j], out_C[j])
        out_C[j + p] = narrow(second * cos_P[j] + first * sin_P[j], out_C[j + p])


@njit(inline="always", fastmath=FAST)
def _backward(g_C, x_C, w_C, cos_P, sin_P, eps, scale, back_C, gx_C, gw_C):
    """Gradient of one head; that of the norm's weights is added to `gw_C`. `back_C` is scratch.

    Short loops over few arrays: the compiler vectorizes a loop only if it can show that its arrays do not overlap.
    """
    c = x_C.shape[0]
    p = c // 2
    for j in range(p):
        back_C[j] = widen(g_C[j]) * cos_P[j] + widen(g_C[j + p]) * sin_P[j]
    for j in range(p):
        back_C[j + p] = widen(g_C[j + p]) * cos_P[j] - widen(g_C[j]) * sin_P[j]

    squares, inner = np.float32(0.0), np.float32(0.0)
    for j in range(c):
        squares += widen(x_C[j]) * widen(x_C[j])
        inner += back_C[j] * widen(x_C[j]) * w_C[j]
    inverse = np.float32(1.0) / np.sqrt(squares / np.float32(c) + eps)
    factor = scale * inverse
    inner *= inverse * inverse / np.float32(c)

    for j in range(c):
        gw_C[j] += back_C[j] * widen(x_C[j]) * factor
    for j in range(c):
        gx_C[j] = narrow(factor * (back_C[j] * w_C[j] - widen(x_C[j]) * inner), gx_C[j])


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def split_heads(qkv_BSE, wq_C, wk_C, cos_BSP, sin_BSP, eps, q_BGSRC, k_BGSC, v_BGSC):
    """Writes queries, keys and values."""
    b_n, g_n, s_n, r_n, c = q_BGSRC.shape
    scale, one = np.float32(1.0 / np.sqrt(c)), np.float32(1.0)
    for place in prange(b_n * s_n):
        b, s = place // s_n, place % s_n
        x_E, cos_P, sin_P = qkv_BSE[b, s], cos_BSP[b, s], sin_BSP[b, s]
        for g in range(g_n):
            for r in range(r_n):
                first = (g * r_n + r) * c
                _forward(x_E[first : first + c], wq_C, cos_P, sin_P, eps, scale, q_BGSRC[b, g, s, r])
            first = (g_n * r_n + g) * c
            _forward(x_E[first : first + c], wk_C, cos_P, sin_P, eps, one, k_BGSC[b, g, s])
            first += g_n * c
            for j in range(c):
                v_BGSC[b, g, s, j] = x_E[first + j]


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def split_heads_backward(
    gq_BGSRC, gk_BGSC, gv_BGSC, qkv_BSE, wq_C, wk_C, cos_BSP, sin_BSP, eps, gqkv_BSE, gwq_KC, gwk_KC
):
    """Writes gradients of the projection, and of the norms' weights per block of positions."""
    b_n, g_n, s_n, r_n, c = gq_BGSRC.shape
    scale, one = np.float32(1.0 / np.sqrt(c)), np.float32(1.0)
    n_places, n_blocks = b_n * s_n, gwq_KC.shape[0]

    for block in prange(n_blocks):
        gwq_KC[block, :] = np.float32(0.0)
        gwk_KC[block, :] = np.float32(0.0)
        back_C = np.empty(c, np.float32)

        for place in range(block * n_places // n_blocks, (block + 1) * n_places // n_blocks):
            b, s = place // s_n, place % s_n
            x_E, gx_E, cos_P, sin_P = qkv_BSE[b, s], gqkv_BSE[b, s], cos_BSP[b, s], sin_BSP[b, s]
            for g in range(g_n):
                for r in range(r_n):
                    at = slice((g * r_n + r) * c, (g * r_n + r + 1) * c)
                    _backward(
                        gq_BGSRC[b, g, s, r], x_E[at], wq_C, cos_P, sin_P, eps, scale, back_C, gx_E[at], gwq_KC[block]
                    )
                at = slice((g_n * r_n + g) * c, (g_n * r_n + g + 1) * c)
                _backward(gk_BGSC[b, g, s], x_E[at], wk_C, cos_P, sin_P, eps, one, back_C, gx_E[at], gwk_KC[block])
                first = (g_n * r_n + g_n + g) * c
                for j in range(c):
                    gx_E[first + j] = gv_BGSC[b, g, s, j]
