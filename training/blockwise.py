"""Causal attention on the CPU: blocks of queries, products by PyTorch, all between them by kernels.

PyTorch's own kernel for the CPU reaches a tenth of the rate of bfloat16 products. Here a block of positions meets the
keys up to its last position in one batched product, its scores become probabilities in place, and a second product
gathers the values. Keys after a block are never touched; within documents, neither are those before its first document.

Probabilities are kept for the backward pass if they are few, and else computed again, as in FlashAttention (Dao et al.
2022, arXiv:2205.14135).

Shape suffixes: B rows of a batch, S positions, E columns of the fused projection, G key and value heads, R query heads
for each, C dimensions of a head, P = C / 2; A = B G matrices, Q = positions times R queries of a block, K its keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.kernels import arrays, heads, softmax

_BLOCK = 128  # positions: products are large enough, and little is computed in vain above the diagonal
_KEPT_BYTES = 32 << 20  # most probabilities that a layer keeps for its backward pass
_SUMS = 64  # blocks that sum the gradients of norm weights


def attention(
    qkv_BSE: Tensor,
    scales: tuple[Tensor, Tensor],
    tables: tuple[Tensor, Tensor],
    starts_BS: Tensor | None,
    n_heads: int,
    eps: float,
) -> Tensor:
    """Returns what `training.attention.attention` returns; `scales` are norm weights, `tables` cosines and sines."""
    return _Attention.apply(qkv_BSE, *scales, *tables, starts_BS, n_heads, eps)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of queries and the keys that they may see; slices."""

    rows: slice  # of the batch
    matrices: slice  # rows of the batch times key heads
    positions: slice
    queries: slice  # positions times R
    keys: slice  # positions


def _blocks(starts_BS: Tensor | None, shape: torch.Size) -> Iterator[_Block]:
    """Blocks of queries of shape (B, G, S, R, C). With documents, row by row, since each row has other documents."""
    n_rows, n_kv_heads, n_positions, n_shared, _ = shape
    groups = [slice(0, n_rows)] if starts_BS is None else [slice(row, row + 1) for row in range(n_rows)]
    for rows in groups:
        first_keys = [0] * n_positions if starts_BS is None else starts_BS[rows.start].tolist()
        for first in range(0, n_positions, _BLOCK):
            last = min(first + _BLOCK, n_positions)
            yield _Block(
                rows=rows,
                matrices=slice(rows.start * n_kv_heads, rows.stop * n_kv_heads),
                positions=slice(first, last),
                queries=slice(first * n_shared, last * n_shared),
                keys=slice(first_keys[first], last),
            )


class _Attention(torch.autograd.Function):
    """All of it, from the projection to what the output projection reads."""

    @staticmethod
    def forward(
        ctx: Any,
        qkv_BSE: Tensor,
        query_scale_C: Tensor,
        key_scale_C: Tensor,
        cos_BSP: Tensor,
        sin_BSP: Tensor,
        starts_BS: Tensor | None,
        n_heads: int,
        eps: float,
    ) -> Tensor:
        inputs = [t.contiguous() for t in (qkv_BSE, query_scale_C, key_scale_C, cos_BSP, sin_BSP)]
        n_rows, n_positions, columns = qkv_BSE.shape
        head_dim = len(query_scale_C)
        n_kv_heads = (columns // head_dim - n_heads) // 2
        q_BGSRC = qkv_BSE.new_empty(n_rows, n_kv_heads, n_positions, n_heads // n_kv_heads, head_dim)
        k_BGSC = qkv_BSE.new_empty(n_rows, n_kv_heads, n_positions, head_dim)
        v_BGSC = torch.empty_like(k_BGSC)
        sources, results = arrays(*inputs), arrays(q_BGSRC, k_BGSC, v_BGSC)
        heads.split_heads(*sources, np.float32(eps), *results)  # type: ignore[call-arg]

        masked_from_BS = q_BGSRC.new_zeros(n_rows, n_positions, dtype=torch.int32) if starts_BS is None else starts_BS
        out_BGSRC = torch.empty_like(q_BGSRC)
        kept: list[Tensor] = []
        is_kept = q_BGSRC.numel() // head_dim * n_positions * q_BGSRC.element_size() // 2 <= _KEPT_BYTES
        for block in _blocks(starts_BS, q_BGSRC.shape):
            p_AQK = _probabilities(block, q_BGSRC, k_BGSC, masked_from_BS)
            torch.bmm(
                p_AQK, _merge(v_BGSC)[block.matrices, block.keys], out=_merge(out_BGSRC)[block.matrices, block.queries]
            )
            kept += [p_AQK] if is_kept else []

        ctx.save_for_backward(*inputs, q_BGSRC, k_BGSC, v_BGSC, starts_BS, masked_from_BS, *kept)
        ctx.eps = eps
        return out_BGSRC.permute(0, 2, 1, 3, 4).reshape(n_rows, n_positions, n_heads * head_dim)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # asked for once: with activation checkpoints, each look computes them again
        *inputs, q_BGSRC, k_BGSC, v_BGSC, starts_BS, masked_from_BS = saved[:10]
        kept = list(saved[10:])
        n_rows, n_kv_heads, n_positions, n_shared, head_dim = q_BGSRC.shape
        grad_BSGRC = grad.reshape(n_rows, n_positions, n_kv_heads, n_shared, head_dim)
        grad_BGSRC = grad_BSGRC.permute(0, 2, 1, 3, 4).contiguous()
        grad_q, grad_k, grad_v = torch.empty_like(q_BGSRC), torch.zeros_like(k_BGSC), torch.zeros_like(v_BGSC)
        q_ATC, k_ASC, v_ASC, grad_ATC = map(_merge, (q_BGSRC, k_BGSC, v_BGSC, grad_BGSRC))
        grad_q_ATC, grad_k_ASC, grad_v_ASC = map(_merge, (grad_q, grad_k, grad_v))

        for i, block in enumerate(_blocks(starts_BS, q_BGSRC.shape)):
            p_AQK = kept[i] if kept else _probabilities(block, q_BGSRC, k_BGSC, masked_from_BS)
            queries, keys = (block.matrices, block.queries), (block.matrices, block.keys)
            grad_p_AQK = torch.bmm(grad_ATC[queries], v_ASC[keys].transpose(1, 2))
            grad_v_ASC[keys] += torch.bmm(p_AQK.transpose(1, 2), grad_ATC[queries])
            softmax.softmax_backward(*arrays(p_AQK, grad_p_AQK))
            torch.bmm(grad_p_AQK, k_ASC[keys], out=grad_q_ATC[queries])
            grad_k_ASC[keys] += torch.bmm(grad_p_AQK.transpose(1, 2), q_ATC[queries])

        grad_qkv = torch.empty_like(inputs[0])
        sums = [scale.new_empty(_SUMS, head_dim) for scale in inputs[1:3]]
        sources, results = arrays(grad_q, grad_k, grad_v, *inputs), arrays(grad_qkv, *sums)
        heads.split_heads_backward(*sources, np.float32(ctx.eps), *results)  # type: ignore[call-arg]
        return grad_qkv, sums[0].sum(0), sums[1].sum(0), None, None, None, None, None


def _probabilities(block: _Block, q_BGSRC: Tensor, k_BGSC: Tensor, masked_from_BS: Tensor) -> Tensor:
    """What share each query of a block takes of each key."""
    queries = _merge(q_BGSRC)[block.matrices, block.queries]
    scores_AQK = torch.bmm(queries, _merge(k_BGSC)[block.matrices, block.keys].transpose(1, 2))
    scores, starts = arrays(scores_AQK, masked_from_BS[block.rows])
    n_kv_heads, n_shared = q_BGSRC.shape[1], q_BGSRC.shape[3]
    softmax.masked_softmax(scores, starts, n_kv_heads, n_shared, block.positions.start, block.keys.start)
    return scores_AQK


def _merge(x: Tensor) -> Tensor:
    """Views (B, G, S, C) or (B, G, S, R, C) as batched matrices: (B G, S, C) or (B G, S R, C)."""
    return x.view(x.shape[0] * x.shape[1], -1, x.shape[-1])
