"""Weights by Hugging Face's names: the first values, and checkpoints in and out.

Source of the first values: AFM's public configuration (Honeycrisp; arXiv:2407.21075 gives none): every matrix
N(0, 1 / fan_in), the embedding N(0, 1 / d_model), norms 1, no scaling with depth.

A tensor's values come from a generator of its own, seeded with its Hugging Face name. So they depend neither on the
device, nor on the order of tensors, nor on which of them are stored as one.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from corpus.errors import UserError, counted
from training import sharding
from training.model import Transformer
from training.pruning import SCORES
from training.shape import Shape

_OUTPUT = "lm_head.weight"  # some write the tied matrix twice


@torch.no_grad()
def initialize(model: Transformer, seed: int) -> None:
    """Gives a model its first values, in place; the same on every device, and in pieces or not."""
    _fill(model, lambda name, shape: _first_values(name, shape, seed))


def _first_values(name: str, shape: torch.Size, seed: int) -> Tensor:
    if len(shape) == 1:
        return torch.ones(shape)
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    fan_in = shape[1]  # of the embedding: d_model
    return torch.randn(shape, generator=generator) * fan_in**-0.5


@torch.no_grad()
def to_state_dict(model: Transformer, *, is_kept: bool = True) -> dict[str, Tensor]:
    """Returns copies of all weights under Hugging Face's names, on the CPU, ready for safetensors.

    The output matrix is left out, since it is the embedding (`tie_word_embeddings`). If the model is in pieces, all
    processes call this, and one matrix after the other is gathered; `is_kept` says whether this process gets them.
    """
    weights: dict[str, Tensor] = {}
    for own, parameter in model.named_parameters():
        gathered = sharding.whole(parameter).detach()
        if is_kept:
            names = _names(model.shape, own)
            pieces = gathered.split([rows for _, rows in names]) if len(names) > 1 else (gathered,)
            weights |= {name: _copy(piece) for (name, _), piece in zip(names, pieces, strict=True)}
    return weights


def _copy(tensor: Tensor) -> Tensor:
    return tensor.to("cpu", copy=True, memory_format=torch.contiguous_format)


@torch.no_grad()
def load_state_dict(model: Transformer, weights: Mapping[str, Tensor], where: str = "checkpoint") -> None:
    """Copies weights with Hugging Face's names into a model. A checkpoint of another shape changes nothing."""
    _refuse_other_shapes(dict(_shapes(model)), weights, where)
    _fill(model, lambda name, shape: weights[name])


def _fill(model: Transformer, value: Callable[[str, torch.Size], Tensor]) -> None:
    """Gives each parameter the values of its tensors, one parameter after the other: never all are here twice."""
    shapes = dict(_shapes(model))
    for own, parameter in model.named_parameters():
        names = [name for name, _ in _names(model.shape, own)]
        values = [value(name, shapes[name]) for name in names]
        joined = torch.cat(values) if len(values) > 1 else values[0]
        sharding.local(parameter).copy_(sharding.part(joined, parameter))


def _refuse_other_shapes(shapes: Mapping[str, torch.Size], weights: Mapping[str, Tensor], where: str) -> None:
    embedding = weights.get("model.embed_tokens.weight")
    if _OUTPUT in weights and embedding is not None and not torch.equal(weights[_OUTPUT], embedding):
        raise UserError(f"{where}: {_OUTPUT} differs from the embedding; only tied embeddings can be trained")

    missing = [name for name in shapes if name not in weights]
    extra = [name for name in weights if name not in shapes and name != _OUTPUT]
    for names, verb in ((missing, "lacks"), (extra, "has, but the model lacks,")):
        if names:
            raise UserError(f"{where}: another shape: it {verb} {counted(len(names), 'tensor')}, such as {names[0]}")
    for name, shape in shapes.items():
        if shape != weights[name].shape:
            came, due = tuple(weights[name].shape), tuple(shape)
            raise UserError(f"{where}: another shape: {name} is {came}, but the model has {due}")


def _shapes(model: Transformer) -> Iterator[tuple[str, torch.Size]]:
    """The shape of each of Hugging Face's tensors."""
    for own, parameter in model.named_parameters():
        for name, rows in _names(model.shape, own):
            yield name, torch.Size((rows, *parameter.shape[1:]))


def _names(shape: Shape, own: str) -> list[tuple[str, int]]:
    """Returns the tensors of Hugging Face that one of our parameters holds, one below the other: names and rows."""
    queries, keys = shape.n_heads * shape.head_dim, shape.n_kv_heads * shape.head_dim
    if own == SCORES:  # in a saved state of a run that prunes
        return [(SCORES, shape.n_layers * shape.d_ffn)]
    if own == "embedding":
        return [("model.embed_tokens.weight", shape.vocab_size)]
    if own == "final_norm":
        return [("model.norm.weight", shape.d_model)]
    _, number, field = own.split(".")
    in_block = {
        "attention_norm": [("input_layernorm", shape.d_model)],
        "qkv": [("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys)],
        "query_norm": [("self_attn.q_norm", shape.head_dim)],
        "key_norm": [("self_attn.k_norm", shape.head_dim)],
        "attention_out": [("self_attn.o_proj", shape.d_model)],
        "ffn_norm": [("post_attention_layernorm", shape.d_model)],
        "gate_up": [("mlp.gate_proj", shape.d_ffn), ("mlp.up_proj", shape.d_ffn)],
        "down": [("mlp.down_proj", shape.d_model)],
    }
    return [(f"model.layers.{number}.{name}.weight", rows) for name, rows in in_block[field]]
