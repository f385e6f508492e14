"""RMSNorm of a sum, forward and backward, one pass each.

Forward: r = x + b;  i = 1 / sqrt(mean(r²) + eps);  y = r i w.
Backward, with gradients of r and y:  h = y' w;  x' = b' = r' + i (h - r i² mean(h r));  w' = Σ y' r i.

Shape suffixes: N rows (tokens), D width, K blocks of rows.
"""

import numpy as np
from numba import njit, prange

from training.kernels.numbers import FAST, narrow, widen

BLOCKS = 64  # of rows: each sums its own gradient of w, so that the result does not depend on threads


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def add_norm(x_ND, b_ND, w_D, eps, r_ND, i_N, y_ND):
    """Writes the sum r, the inverse root i, and y; without a branch, `b_ND` has no rows and r is not written."""
    n, d = x_ND.shape
    is_sum = b_ND.shape[0] > 0
    for row in prange(n):
        squares = np.float32(0.0)
        if is_sum:
            for j in range(d):
                total = x_ND[row, j] + widen(b_ND[row, j])
                r_ND[row, j] = total
                squares += total * total
        else:
            for j in range(d):
                squares += x_ND[row, j] * x_ND[row, j]
        inverse = np.float32(1.0) / np.sqrt(squares / np.float32(d) + eps)
        i_N[row] = inverse
        source = r_ND if is_sum else x_ND
        for j in range(d):
            y_ND[row, j] = narrow(source[row, j] * inverse * w_D[j], y_ND[row, j])


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def add_norm_backward(gr_ND, gy_ND, r_ND, i_N, w_D, gx_ND, gb_ND, gw_KD):
    """Writes gradients of x, of b in its own type, and of w per block of rows.

    `gr_ND` has no rows if nothing but y depends on r; `gb_ND` has none if the branch has the type of x.
    """
    n, d = r_ND.shape
    is_added, is_narrow, n_blocks = gr_ND.shape[0] > 0, gb_ND.shape[0] > 0, gw_KD.shape[0]
    for block in prange(n_blocks):
        gw_D = gw_KD[block]
        gw_D[:] = np.float32(0.0)
        for row in range(block * n // n_blocks, (block + 1) * n // n_blocks):
            inverse, inner = i_N[row], np.float32(0.0)
            for j in range(d):
                g = widen(gy_ND[row, j])
                scaled = g * r_ND[row, j]
                gw_D[j] += scaled * inverse
                inner += scaled * w_D[j]
            inner *= inverse * inverse / np.float32(d)
            for j in range(d):
                gx_ND[row, j] = inverse * (widen(gy_ND[row, j]) * w_D[j] - r_ND[row, j] * inner)
            if is_added:
                for j in range(d):
                    gx_ND[row, j] += gr_ND[row, j]
            if is_narrow:
                for j in range(d):
                    gb_ND[row, j] = narrow(gx_ND[row, j], gb_ND[row, j])
