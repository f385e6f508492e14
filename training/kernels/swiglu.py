"""SwiGLU, forward and backward, one pass each: h = g σ(g) u, with σ(g) = 1 / (1 + exp(-g)).

Backward: u' = h' g σ;  g' = h' u σ (1 + g (1 - σ)).

Shape suffixes: N rows (tokens), F hidden units; G = 2 F columns, first gates, then ups.
"""

import numpy as np
from numba import njit, prange

from training.kernels.numbers import FAST, exp, narrow, widen


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def swiglu(gate_up_NG, h_NF):
    """Writes h."""
    n, f = h_NF.shape
    for row in prange(n):
        for j in range(f):
            gate = widen(gate_up_NG[row, j])
            share = np.float32(1.0) / (np.float32(1.0) + exp(-gate))
            h_NF[row, j] = narrow(gate * share * widen(gate_up_NG[row, f + j]), h_NF[row, j])


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def swiglu_backward(gh_NF, gate_up_NG, gg_NG):
    """Writes the gradients of gates and ups."""
    n, f = gh_NF.shape
    one = np.float32(1.0)
    for row in prange(n):
        for j in range(f):
            gate, up, gh = widen(gate_up_NG[row, j]), widen(gate_up_NG[row, f + j]), widen(gh_NF[row, j])
            share = one / (one + exp(-gate))
            gg_NG[row, j] = narrow(gh * up * share * (one + gate * (one - share)), gg_NG[row, j])
            gg_NG[row, f + j] = narrow(gh * gate * share, gg_NG[row, f + j])
