"""Causal attention with grouped queries, norms over heads and RoPE, confined to documents.

Sources: grouped queries, Ainslie et al. 2023, arXiv:2305.13245; norms of queries and keys, Wortsman et al. 2023,
arXiv:2309.14322, before RoPE as in Qwen3 and AFM 2025 (arXiv:2507.13575); RoPE, Su et al. 2021, arXiv:2104.09864, in
the layout of Llama and Qwen, which pairs dimension i with i + P; documents in a row do not see each other, as in
Llama 3 (arXiv:2407.21783, section 3.2).

A document is a run of equal numbers in a row. So a query at position s sees the keys from the start of its run to s,
and one number for each position, the start, says all that a mask would. Padding is a run as well: its queries see each
other, which costs little, gives no NaN, and changes no other row.

Shape suffixes: B rows of a batch, S positions, E = (H + 2 G) C columns of the fused projection, H query heads, G key
and value heads, C dimensions of a head, P = C / 2 pairs of dimensions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training import kernels
from training.blockwise import attention as blockwise_attention
from training.operations import rms_norm


@dataclass(frozen=True, slots=True)
class Places:
    """Where the tokens of a batch stand; the same for all layers."""

    cos_BSP: Tensor
    sin_BSP: Tensor
    starts_BS: Tensor | None  # int32, first position that a query may see; None: the first of the row
    mask_B1SS: Tensor | None  # the same as a mask, for all heads, where no kernel takes the starts


def places(
    positions_BS: Tensor, documents_BS: Tensor | None, *, head_dim: int, base: float, dtype: torch.dtype
) -> Places:
    """Prepares what every layer needs: cosines and sines in `dtype`, and the starts of documents.

    Angles are float32 in any case, as in Hugging Face.
    """
    exponents_P = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions_BS.device) / head_dim
    angles_BSP = positions_BS[..., None].float() * (1.0 / base**exponents_P)
    cos_BSP, sin_BSP = angles_BSP.cos().to(dtype), angles_BSP.sin().to(dtype)
    if documents_BS is None:
        return Places(cos_BSP, sin_BSP, None, None)
    starts_BS = starts(documents_BS)
    return Places(cos_BSP, sin_BSP, starts_BS, None if _has_kernel(cos_BSP) else _mask(starts_BS))


def _mask(starts_BS: Tensor) -> Tensor:
    """Returns which keys a query sees, (B, 1, S, S)."""
    position_S = torch.arange(starts_BS.shape[1], device=starts_BS.device)
    is_past_SS = position_S[None, :] <= position_S[:, None]
    is_same_BSS = position_S[None, None, :] >= starts_BS[:, :, None]
    return (is_same_BSS & is_past_SS)[:, None]


def _has_kernel(cos_BSP: Tensor) -> bool:
    return kernels.fits(cos_BSP) and cos_BSP.dtype == torch.float32


def starts(documents_BS: Tensor) -> Tensor:
    """Returns for each position where its run of equal document numbers begins, int32 (B, S)."""
    position_S = torch.arange(documents_BS.shape[1], device=documents_BS.device, dtype=torch.int32)
    is_first_BS = torch.ones_like(documents_BS, dtype=torch.bool)
    is_first_BS[:, 1:] = documents_BS[:, 1:] != documents_BS[:, :-1]
    return torch.where(is_first_BS, position_S, 0).cummax(dim=1).values


def attention(
    qkv_BSE: Tensor, query_scale_C: Tensor, key_scale_C: Tensor, where: Places, *, n_heads: int, eps: float
) -> Tensor:
    """Returns what each token gathers from the tokens that it sees, (B, S, H C), in the type of `qkv_BSE`.

    The last axis of `qkv_BSE` has all query heads, then all key heads, then all value heads. Query head h uses key head
    h G // H.
    """
    if _has_kernel(where.cos_BSP):
        assert kernels.fits(qkv_BSE)
        assert query_scale_C.dtype == torch.float32
        return blockwise_attention(
            qkv_BSE, (query_scale_C, key_scale_C), (where.cos_BSP, where.sin_BSP), where.starts_BS, n_heads, eps
        )
    n_rows, n_positions, _ = qkv_BSE.shape
    head_dim = query_scale_C.shape[0]
    heads_BSXC = qkv_BSE.unflatten(-1, (-1, head_dim))
    n_kv_heads = (heads_BSXC.shape[2] - n_heads) // 2

    q_BSHC, k_BSGC, v_BSGC = heads_BSXC.split([n_heads, n_kv_heads, n_kv_heads], dim=2)
    q_BSHC = _turn(rms_norm(q_BSHC, query_scale_C, eps), where).to(qkv_BSE.dtype)
    k_BSGC = _turn(rms_norm(k_BSGC, key_scale_C, eps), where).to(qkv_BSE.dtype)

    out_BHSC = functional.scaled_dot_product_attention(
        q_BSHC.transpose(1, 2),
        k_BSGC.transpose(1, 2),
        v_BSGC.transpose(1, 2),
        attn_mask=where.mask_B1SS,
        is_causal=where.starts_BS is None,
        enable_gqa=n_heads != n_kv_heads,
    )
    return out_BHSC.transpose(1, 2).reshape(n_rows, n_positions, n_heads * head_dim)


def _turn(x_BSXC: Tensor, where: Places) -> Tensor:
    """RoPE: turns each pair of dimensions by the angle of its position."""
    cos_BSXP, sin_BSXP = where.cos_BSP[:, :, None], where.sin_BSP[:, :, None]
    first_BSXP, second_BSXP = x_BSXC.chunk(2, dim=-1)
    return torch.cat(
        (first_BSXP * cos_BSXP - second_BSXP * sin_BSXP, second_BSXP * cos_BSXP + first_BSXP * sin_BSXP), dim=-1
    )
