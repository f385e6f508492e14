"""Attention over the branches of a tree: each block of a row attends to the stack and to itself.

A mask over the whole row would do the same, but most of its work would be thrown away. transformers lets a function
take the place of a model's attention; outside a row, this one is PyTorch's.

Shapes: B rows, H heads, N tokens of a row, L of a block, P of the stack, D size of a head.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from eval_suites.models.prefixes import Block

_NAME = "pomona"


@dataclass(frozen=True, slots=True)
class _Masked:
    """A block with its mask."""

    start: int
    end: int
    mask: Tensor  # (L, P + L): added to the scores


@dataclass(frozen=True, slots=True)
class _Row:
    """What the row that is being read attends to."""

    depth: int
    blocks: tuple[_Masked, ...]


_row: ContextVar[_Row | None] = ContextVar("row", default=None)


def use(model: Any) -> bool:
    """Puts this attention in the place of a model's; returns whether the model lets it."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(_NAME, _attend)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    try:
        model.set_attn_implementation(_NAME)
    except (ValueError, ImportError, NotImplementedError):
        return False
    return True


@contextmanager
def blocks(depth: int, several: Sequence[Block], device: torch.device, dtype: torch.dtype) -> Iterator[Tensor]:
    """Within it, a row of blocks is read after `depth` tokens. Gives a mask for the model, which changes nothing."""
    lowest = torch.finfo(dtype).min
    masked = []
    for block in several:
        size = block.end - block.start
        mask = torch.zeros((size, depth + size), dtype=dtype)
        mask[:, depth:].masked_fill_(torch.from_numpy(~block.sees_LL), lowest)
        masked.append(_Masked(block.start, block.end, mask.to(device)))
    token = _row.set(_Row(depth, tuple(masked)))
    try:
        yield torch.zeros((1, 1, 1, 1), dtype=dtype, device=device)
    finally:
        _row.reset(token)


def _attend(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
    scaling: float | None = None, dropout: float = 0.0, **more: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """Returns (B, N, H, D). Query is (B, H, N, D); keys and values are (B, heads of keys, P + N, D)."""
    row = _row.get()
    if row is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    out = query.new_empty((query.shape[0], query.shape[2], query.shape[1], value.shape[3]))
    grouped = query.shape[1] != key.shape[1]
    for block in row.blocks:
        own = slice(row.depth + block.start, row.depth + block.end)
        out[:, block.start : block.end] = scaled_dot_product_attention(
            query[:, :, block.start : block.end],
            torch.cat([key[:, :, : row.depth], key[:, :, own]], 2),
            torch.cat([value[:, :, : row.depth], value[:, :, own]], 2),
            attn_mask=block.mask, scale=scaling, enable_gqa=grouped,
        ).transpose(1, 2)  # fmt: skip
    return out, None
