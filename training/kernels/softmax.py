"""Softmax in place: of attention scores within a document, and of logits with the gradient of their loss.

Each row stays in the core's cache while it is read a few times, so memory is read once and written once.

Shape suffixes: A matrices (rows of a batch times key heads), G key heads, Q queries of a block (positions times heads),
S positions, K keys of a block; C tokens of a chunk, V vocabulary.
"""

import numpy as np
from numba import njit, prange

from training.kernels.numbers import FAST, exp, narrow, widen


@njit(inline="always", fastmath=FAST)
def _largest(x_V):
    """The largest number of a row, by 16 running ones, which the compiler keeps in one register."""
    tops = np.full(16, -np.inf, np.float32)
    n = x_V.shape[0]
    for first in range(0, n - 15, 16):
        for lane in range(16):
            x = widen(x_V[first + lane])
            tops[lane] = x if x > tops[lane] else tops[lane]
    top = tops[0]
    for lane in range(16):
        top = tops[lane] if tops[lane] > top else top
    for v in range(n - n % 16, n):
        x = widen(x_V[v])
        top = x if x > top else top
    return top


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def masked_softmax(scores_AQK, starts_BS, n_kv_heads, n_shared, first_query, first_key):
    """Scores become probabilities; a key before the document's start or after the query gets 0.

    Row q of a matrix is the query at position `first_query + q // n_shared`; column k is the key at `first_key + k`.
    """
    a_n, q_n = scores_AQK.shape[:2]
    for row in prange(a_n * q_n):
        a, q = row // q_n, row % q_n
        position = first_query + q // n_shared
        begin = max(starts_BS[a // n_kv_heads, position] - first_key, 0)
        end = position + 1 - first_key
        scores_AQK[a, q, :begin] = 0  # of float32 and of bits of bfloat16
        scores_AQK[a, q, end:] = 0
        x_K = scores_AQK[a, q, begin:end]

        top = _largest(x_K)
        total = np.float32(0.0)
        for k in range(end - begin):
            total += exp(widen(x_K[k]) - top)
        log_sum = top + np.log(total)
        for k in range(end - begin):
            x_K[k] = narrow(exp(widen(x_K[k]) - log_sum), x_K[k])


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def softmax_backward(p_AQK, g_AQK):
    """Gradients of probabilities become those of scores: p (g - Σ p g)."""
    a_n, q_n, k_n = p_AQK.shape
    for row in prange(a_n * q_n):
        p_K, g_K = p_AQK[row // q_n, row % q_n], g_AQK[row // q_n, row % q_n]
        inner = np.float32(0.0)
        for k in range(k_n):
            inner += widen(p_K[k]) * widen(g_K[k])
        for k in range(k_n):
            g_K[k] = narrow(widen(p_K[k]) * (widen(g_K[k]) - inner), g_K[k])


@njit(parallel=True, fastmath=FAST, cache=True, nogil=True)
def loss_rows(logits_CV, targets_C, others_C, share, scale, z_loss, is_trained, parts_3C):
    """Writes of each token the cross-entropy of its target, z L², and the cross-entropy of another token, a teacher's,
    which has `share` of the target; logits become the gradient of all times `scale`, if it is trained."""
    c_n, v_n = logits_CV.shape
    one = np.float32(1.0)
    for row in prange(c_n):
        x_V, target, other = logits_CV[row], targets_C[row], others_C[row]
        top = _largest(x_V)
        total = np.float32(0.0)
        for v in range(v_n):
            total += exp(widen(x_V[v]) - top)
        log_sum = top + np.log(total)
        at_target, at_other = widen(x_V[target]), widen(x_V[other])
        parts_3C[0, row] = log_sum - at_target
        parts_3C[1, row] = z_loss * log_sum * log_sum
        parts_3C[2, row] = log_sum - at_other

        if is_trained:
            factor = (one + np.float32(2.0) * z_loss * log_sum) * scale
            for v in range(v_n):
                x_V[v] = narrow(exp(widen(x_V[v]) - log_sum) * factor, x_V[v])
            # From the logits again: a sum with a number that was rounded to 16 bits would lose most of its digits.
            own = scale if target == other else (one - share) * scale
            x_V[other] = narrow(exp(at_other - log_sum) * factor - share * scale, x_V[other])
            x_V[target] = narrow(exp(at_target - log_sum) * factor - own, x_V[target])
