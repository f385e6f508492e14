"""The Transformer that is trained here. It computes what Hugging Face's Qwen3 computes, and is written for training.

Source: AFM, arXiv:2407.21075, section 2; the block is that of Qwen3 (arXiv:2505.09388), for which
`transformers.Qwen3ForCausalLM` is the reference in tests. Queries, keys and values are one product, gates and ups
another. There are no logits here: the product with the output matrix belongs to the loss (`training.loss`), which never
holds all of it.

Precision "bfloat16" concerns the matrix products only: their inputs and outputs are bfloat16; weights, residual stream,
norms and all statistics stay float32.

Weights as Hugging Face names them, and the first values: `training.weights`.

Shape suffixes: B rows of a batch, S positions, D width of the model, E columns of the fused projection, F hidden units,
V vocabulary.
"""

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from training.attention import Places, attention, places
from training.casting import Precision, compute_dtype, linear
from training.operations import add_norm, swiglu
from training.pruning import Masks
from training.shape import Shape


class Block(nn.Module):
    """Attention and a feed-forward block, each after a norm and added to the residual stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d, inner = shape.d_model, shape.n_heads * shape.head_dim
        self.shape = shape
        self.attention_norm = _norm(d)
        self.qkv = _matrix(shape.d_qkv, d)
        self.query_norm = _norm(shape.head_dim)
        self.key_norm = _norm(shape.head_dim)
        self.attention_out = _matrix(d, inner)
        self.ffn_norm = _norm(d)
        self.gate_up = _matrix(2 * shape.d_ffn, d)
        self.down = _matrix(d, shape.d_ffn)

    def forward(
        self,
        residual_BSD: Tensor,
        branch_BSD: Tensor | None,
        where: Places,
        dtype: torch.dtype,
        mask_F: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Returns the residual stream, and what is still to be added to it.

        `branch_BSD` is what the block before has left to add: the sum is done together with the norm after it. `mask_F`
        multiplies the hidden units of the feed-forward block.
        """
        shape = self.shape
        residual_BSD, x_BSD = add_norm(residual_BSD, branch_BSD, self.attention_norm, shape.norm_eps, dtype)
        qkv_BSE = linear(x_BSD, self.qkv)
        gathered = attention(qkv_BSE, self.query_norm, self.key_norm, where, n_heads=shape.n_heads, eps=shape.norm_eps)
        branch_BSD = linear(gathered, self.attention_out)

        residual_BSD, x_BSD = add_norm(residual_BSD, branch_BSD, self.ffn_norm, shape.norm_eps, dtype)
        down = self.down if mask_F is None else self.down * mask_F  # cheaper than the units of each token
        return residual_BSD, linear(swiglu(linear(x_BSD, self.gate_up)), down)


class Transformer(nn.Module):
    """A decoder-only Transformer; `training.weights.initialize` gives it its first values."""

    def __init__(self, shape: Shape, *, precision: Precision = "float32", checkpoint_activations: bool = False) -> None:
        super().__init__()
        self.shape = shape
        self.precision: Precision = precision
        self.checkpoint_activations = checkpoint_activations  # keep only the inputs of blocks, compute the rest twice
        self.embedding = _matrix(shape.vocab_size, shape.d_model)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.n_layers))
        self.final_norm = _norm(shape.d_model)
        self.masks: Masks | None = None  # while it is pruned

    @property
    def output_weight(self) -> nn.Parameter:
        """The output projection (V, D), which is the embedding."""
        return self.embedding

    @property
    def pieces(self) -> dict[str, tuple[int, ...]]:
        """Rows of each matrix in a fused parameter, by its name; for optimizers that treat each alone."""
        shape = self.shape
        queries, keys = shape.n_heads * shape.head_dim, shape.n_kv_heads * shape.head_dim
        rows = {"qkv": (queries, keys, keys), "gate_up": (shape.d_ffn, shape.d_ffn)}
        return {f"blocks.{i}.{name}": each for i in range(shape.n_layers) for name, each in rows.items()}

    def layers(self) -> Iterator[Block]:
        """The blocks in order, with their type."""
        return (cast(Block, block) for block in self.blocks)

    def forward(self, ids_BS: Tensor, positions_BS: Tensor | None = None, documents_BS: Tensor | None = None) -> Tensor:
        """Returns the hidden states (B, S, D) after the last norm, in the type of the products.

        `positions_BS` are 0, 1, 2, ... in each row by default. `documents_BS` has a number for each token: attention
        stays within a run of equal numbers; -1 marks padding. None means one document per row.
        """
        where = self._places(ids_BS, positions_BS, documents_BS)
        dtype = compute_dtype(self.embedding, self.precision)
        residual_BSD = functional.embedding(ids_BS, self.embedding)
        branch_BSD: Tensor | None = None

        is_checkpointed = self.checkpoint_activations and torch.is_grad_enabled()
        masks = [None] * len(self.blocks) if self.masks is None else self.masks().unbind()
        for block, mask_F in zip(self.blocks, masks, strict=True):
            if is_checkpointed:
                residual_BSD, branch_BSD = checkpoint(
                    block, residual_BSD, branch_BSD, where, dtype, mask_F, use_reentrant=False, preserve_rng_state=False
                )
            else:
                residual_BSD, branch_BSD = block(residual_BSD, branch_BSD, where, dtype, mask_F)
        return add_norm(residual_BSD, branch_BSD, self.final_norm, self.shape.norm_eps, dtype)[1]

    def _places(self, ids_BS: Tensor, positions_BS: Tensor | None, documents_BS: Tensor | None) -> Places:
        if positions_BS is None:
            positions_BS = torch.arange(ids_BS.shape[1], device=ids_BS.device).expand_as(ids_BS)
        return places(
            positions_BS,
            documents_BS,
            head_dim=self.shape.head_dim,
            base=self.shape.rope_base,
            dtype=self.embedding.dtype,
        )


def _matrix(rows: int, columns: int) -> nn.Parameter:
    """A weight without values; as in `nn.Linear`, a row per output."""
    return nn.Parameter(torch.empty(rows, columns))


def _norm(size: int) -> nn.Parameter:
    return nn.Parameter(torch.ones(size))
