"""The shape of a model: its sizes, what follows from them, and how Hugging Face writes them down.

A shape answers questions that come before any tensor exists: how many parameters, how many bytes, how many FLOPs for
a token. The command line asks them, so this module does not import torch.

Source: AFM, arXiv:2407.21075, section 2 and table 1 (`afm_on_device`). AFM's block is the one that Hugging Face calls
Qwen3: RMSNorm before each sublayer, an RMSNorm over each query and key head, grouped-query attention with RoPE, SwiGLU,
no biases, one matrix for input and output embeddings. So a checkpoint of ours is a Qwen3 checkpoint.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.errors import UserError, plainly, unknown

CONFIG = "config.json"  # Hugging Face's name for a shape in a folder
_FLOAT = 4  # bytes of a float32, the type of weights, gradients and optimizer state


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a training step needs beside activations."""

    weights: int
    gradients: int
    optimizer: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.gradients + self.optimizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of a model. The input and output embeddings are always one matrix."""

    d_model: int  # width of the residual stream
    n_layers: int
    n_heads: int  # query heads
    n_kv_heads: int  # key and value heads; each serves n_heads / n_kv_heads query heads
    head_dim: int  # even, since RoPE turns pairs
    d_ffn: int  # hidden units of a SwiGLU block
    vocab_size: int
    rope_base: float = 500_000.0
    norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name not in ("rope_base", "norm_eps") and (not isinstance(value, int) or isinstance(value, bool)):
                raise UserError(f"shape: {name} is {value!r}; it must be a whole number")
            if value <= 0:
                raise UserError(f"shape: {name} is {value}; it must be above 0")
        if self.n_heads % self.n_kv_heads:
            raise UserError(f"shape: n_heads {self.n_heads} is not a multiple of n_kv_heads {self.n_kv_heads}")
        if self.head_dim % 2:
            raise UserError(f"shape: head_dim {self.head_dim} is odd; RoPE needs pairs")

    @property
    def d_qkv(self) -> int:
        """Rows of the fused projection to queries, keys and values."""
        return (self.n_heads + 2 * self.n_kv_heads) * self.head_dim

    @property
    def matrix_parameters(self) -> int:
        """Weights of the matrices of all blocks: attention and feed-forward."""
        attention = self.d_model * self.d_qkv + self.n_heads * self.head_dim * self.d_model
        return self.n_layers * (attention + 3 * self.d_model * self.d_ffn)

    @property
    def parameters(self) -> int:
        """All weights but the embedding."""
        norms = self.n_layers * (2 * self.d_model + 2 * self.head_dim) + self.d_model
        return self.matrix_parameters + norms

    @property
    def embedding_parameters(self) -> int:
        """Weights of the embedding, which is also the output projection."""
        return self.vocab_size * self.d_model

    def flops_per_token(self, sequence_length: int) -> int:
        """FLOPs of training on one token of a sequence: forward and backward, without recomputation.

        Counted are matrix products only. A weight of a matrix costs one multiplication and one addition forward, and
        twice that backward: 6 FLOPs. The output projection counts as a matrix; looking up an embedding is free.
        Causal attention lets a token see (sequence_length + 1) / 2 tokens on average, each at 2 FLOPs for a product
        with its key and 2 with its value, per query head and dimension; times 3 for forward and backward.

        Not counted are norms, RoPE, softmax, activations, loss and optimizer. A sequence packed from several documents
        needs fewer FLOPs for attention than this says.
        """
        matrices = 6 * (self.matrix_parameters + self.embedding_parameters)
        attention = 3 * 2 * self.n_layers * self.n_heads * self.head_dim * (sequence_length + 1)
        return matrices + attention

    def flops_of_reading(self, sequence_length: int) -> int:
        """FLOPs of a forward pass for a token: a third of training on it."""
        return self.flops_per_token(sequence_length) // 3

    def memory(self, moments: int = 2) -> Memory:
        """Bytes of weights, gradients and optimizer state in float32; `moments` numbers of state for a weight."""
        weights = _FLOAT * (self.parameters + self.embedding_parameters)
        return Memory(weights=weights, gradients=weights, optimizer=moments * weights)

    def activation_bytes_per_token(self, bytes_per_value: int = 4, *, checkpointed: bool = False) -> int:
        """Bytes that a step holds per token of a micro-batch, where products' inputs have the given size.

        A layer keeps for the backward pass: the residual stream before both norms, in float32; inputs of the products,
        queries, keys and values, gates and ups. Checkpointed, only the residual stream and what is to be added to it.
        The gradients of hidden states and the loss hold three layers more, as measured (models of 1M to 26M on a CPU:
        within 10%; less if checkpointed).
        """
        inputs = 2 * self.d_model + self.n_heads * self.head_dim + self.d_qkv + 3 * self.d_ffn
        layer = 2 * _FLOAT * self.d_model + bytes_per_value * inputs
        kept = (_FLOAT + bytes_per_value) * self.d_model if checkpointed else layer
        return self.n_layers * kept + (4 if checkpointed else 3) * layer

    def cache_bytes_per_token(self, bytes_per_value: int = 2) -> int:
        """Bytes that a generated token adds to the cache of keys and values; by default at 16 bits."""
        return 2 * self.n_layers * self.n_kv_heads * self.head_dim * bytes_per_value

    def to_config(
        self,
        *,
        max_position_embeddings: int,
        bos_token_id: int | None = None,
        eos_token_id: int | None = None,
        pad_token_id: int | None = None,
    ) -> dict[str, Any]:
        """The `config.json` of a Qwen3 model of this shape, as transformers 5 reads it."""
        return {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "dtype": "float32",
            "vocab_size": self.vocab_size,
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ffn,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.head_dim,
            "hidden_act": "silu",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "use_sliding_window": False,
            "tie_word_embeddings": True,
            "rms_norm_eps": self.norm_eps,
            "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_base},
            "initializer_range": self.d_model**-0.5,
            "max_position_embeddings": max_position_embeddings,
            "bos_token_id": bos_token_id,
            "eos_token_id": eos_token_id,
            "pad_token_id": pad_token_id,
        }


# Sizes by name: d_model, layers, query heads, key and value heads, head_dim. They follow AFM-on-device: 2.625 d_model
# hidden units, heads that together are as wide as the model, three query heads for each key head (four where the width
# is a power of two), and a name that is the number of non-embedding parameters within 10%. AFM's model is 118 times as
# wide as it is deep; small models are narrower, since at that ratio they would have two or three layers.
_SIZES = {
    "1M": (128, 6, 4, 1, 32),
    "3M": (192, 8, 3, 1, 64),
    "6M": (256, 9, 4, 1, 64),
    "12M": (384, 8, 6, 2, 64),
    "26M": (512, 10, 8, 2, 64),
    "60M": (768, 10, 12, 4, 64),
    "150M": (960, 16, 15, 5, 64),
    "400M": (1536, 16, 12, 4, 128),
    "1B": (2304, 18, 18, 6, 128),
    "3B": (3072, 30, 24, 8, 128),
    "afm_on_device": (3072, 26, 24, 8, 128),
}
NAMES = tuple(_SIZES)


def named(name: str, vocab_size: int) -> Shape:
    """Returns a shape by its name, such as 26M, for a vocabulary."""
    if name not in _SIZES:
        raise unknown("model size", name, NAMES, is_sorted=True)
    d_model, n_layers, n_heads, n_kv_heads, head_dim = _SIZES[name]
    return Shape(
        d_model=d_model,
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        head_dim=head_dim,
        d_ffn=21 * d_model // 8,
        vocab_size=vocab_size,
    )


def from_config(config: Mapping[str, Any], where: str = CONFIG) -> Shape:
    """Returns the shape that a Hugging Face configuration describes; refuses what the model here cannot compute."""
    _refuse_other_models(config, where)
    rope = config.get("rope_parameters") or {}
    try:
        return Shape(
            d_model=config["hidden_size"],
            n_layers=config["num_hidden_layers"],
            n_heads=config["num_attention_heads"],
            n_kv_heads=config["num_key_value_heads"],
            head_dim=config["head_dim"],
            d_ffn=config["intermediate_size"],
            vocab_size=config["vocab_size"],
            rope_base=float(rope["rope_theta"] if rope else config["rope_theta"]),  # before transformers 5: beside it
            norm_eps=config["rms_norm_eps"],
        )
    except KeyError as missing:
        raise UserError(f"{where}: {missing} is missing; a Qwen3 configuration has it") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{where}: no configuration of a Qwen3 model: {plainly(error)}") from None


def read(folder: str | Path) -> Shape:
    """Returns the shape of the model in a folder, from its `config.json`."""
    path = Path(folder, CONFIG)
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: no configuration of a model: {plainly(error)}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: no configuration of a model: it must be a JSON object")
    return from_config(config, str(path))


def _refuse_other_models(config: Mapping[str, Any], where: str) -> None:
    """Raises if a configuration asks for something that `training.model` does not compute."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise UserError(f"{where}: rope_parameters is {rope!r}; it must be an object")
    layers = config.get("layer_types") or ["full_attention"]
    due = {
        "model_type": (config.get("model_type"), "qwen3"),
        "hidden_act": (config.get("hidden_act", "silu"), "silu"),
        "tie_word_embeddings": (config.get("tie_word_embeddings", False), True),
        "attention_bias": (config.get("attention_bias", False), False),
        "use_sliding_window": (config.get("use_sliding_window", False), False),
        "rope_type": (rope.get("rope_type", rope.get("type", "default")), "default"),
        "layer_types": (next((one for one in layers if one != "full_attention"), "full_attention"), "full_attention"),
    }
    for name, (came, expected) in due.items():
        if came != expected:
            raise UserError(f"{where}: {name} is {came!r}; only {expected!r} can be trained")
