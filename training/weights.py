"""Weights by Hugging Face's names: the first values, and checkpoints in and out.

Source of the first values: AFM's public configuration (Honeycrisp; arXiv:2407.21075 gives none): every matrix
N(0, 1 / fan_in), the embedding N(0, 1 / d_model), norms 1, no scaling with depth.

A tensor's values come from a generator of its own, seeded with its Hugging Face name. So they depend neither on the
device, nor on the order of tensors, nor on which of them are stored as one.
"""

import hashlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from corpus.errors import UserError, counted
from training.model import Transformer

_OUTPUT = "lm_head.weight"  # some write the tied matrix twice


@torch.no_grad()
def initialize(model: Transformer, seed: int) -> None:
    """Gives a model its first values, in place; the same on every device."""
    for name, weight in _views(model):
        if weight.ndim == 1:
            weight.fill_(1.0)
            continue
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
        fan_in = weight.shape[1]  # of the embedding: d_model
        weight.copy_(torch.randn(weight.shape, generator=generator) * fan_in**-0.5)


@torch.no_grad()
def to_state_dict(model: Transformer) -> dict[str, Tensor]:
    """Returns copies of all weights under Hugging Face's names, ready for safetensors.

    The output matrix is left out, since it is the embedding (`tie_word_embeddings`).
    """
    return {name: weight.detach().clone(memory_format=torch.contiguous_format) for name, weight in _views(model)}


@torch.no_grad()
def load_state_dict(model: Transformer, weights: Mapping[str, Tensor], where: str = "checkpoint") -> None:
    """Copies weights with Hugging Face's names into a model. A checkpoint of another shape changes nothing."""
    views = dict(_views(model))
    _refuse_other_shapes(views, weights, where)
    for name, view in views.items():
        view.copy_(weights[name])


def _refuse_other_shapes(views: Mapping[str, Tensor], weights: Mapping[str, Tensor], where: str) -> None:
    embedding = weights.get("model.embed_tokens.weight")
    if _OUTPUT in weights and embedding is not None and not torch.equal(weights[_OUTPUT], embedding):
        raise UserError(f"{where}: {_OUTPUT} differs from the embedding; only tied embeddings can be trained")

    missing = [name for name in views if name not in weights]
    extra = [name for name in weights if name not in views and name != _OUTPUT]
    for names, verb in ((missing, "lacks"), (extra, "has, but the model lacks,")):
        if names:
            raise UserError(f"{where}: another shape: it {verb} {counted(len(names), 'tensor')}, such as {names[0]}")
    for name, view in views.items():
        if view.shape != weights[name].shape:
            came, due = tuple(weights[name].shape), tuple(view.shape)
            raise UserError(f"{where}: another shape: {name} is {came}, but the model has {due}")


def _views(model: Transformer) -> Iterator[tuple[str, Tensor]]:
    """All weights under Hugging Face's names, as views of ours: a change of one changes the model."""
    shape = model.shape
    queries, keys = shape.n_heads * shape.head_dim, shape.n_kv_heads * shape.head_dim

    yield "model.embed_tokens.weight", model.embedding
    for i, block in enumerate(model.layers()):
        layer = f"model.layers.{i}"
        yield f"{layer}.input_layernorm.weight", block.attention_norm
        yield f"{layer}.self_attn.q_proj.weight", block.qkv[:queries]
        yield f"{layer}.self_attn.k_proj.weight", block.qkv[queries : queries + keys]
        yield f"{layer}.self_attn.v_proj.weight", block.qkv[queries + keys :]
        yield f"{layer}.self_attn.q_norm.weight", block.query_norm
        yield f"{layer}.self_attn.k_norm.weight", block.key_norm
        yield f"{layer}.self_attn.o_proj.weight", block.attention_out
        yield f"{layer}.post_attention_layernorm.weight", block.ffn_norm
        yield f"{layer}.mlp.gate_proj.weight", block.gate_up[: shape.d_ffn]
        yield f"{layer}.mlp.up_proj.weight", block.gate_up[shape.d_ffn :]
        yield f"{layer}.mlp.down_proj.weight", block.down
    yield "model.norm.weight", model.final_norm
