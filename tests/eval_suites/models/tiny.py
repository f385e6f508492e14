"""Tiny models of several architectures, with random weights that are large enough to tell tokens apart."""

from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    GemmaConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    Qwen3Config,
)

VOCABULARY = 300
_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
    "num_attention_heads": 4, "max_position_embeddings": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    "initializer_range": 0.2,
}  # fmt: skip
CONFIGS: dict[str, PretrainedConfig] = {
    "qwen3": Qwen3Config(**_COMMON, num_key_value_heads=2, head_dim=12, tie_word_embeddings=True),
    "llama": LlamaConfig(**_COMMON, num_key_value_heads=2),
    "gpt2": GPT2Config(
        vocab_size=VOCABULARY, n_embd=48, n_layer=3, n_head=4, n_positions=512, initializer_range=0.2, bos_token_id=1,
        eos_token_id=2,
    ),
    "neox": GPTNeoXConfig(**_COMMON),
    "gemma": GemmaConfig(**_COMMON, num_key_value_heads=1, head_dim=12),
    "mistral": MistralConfig(**_COMMON, num_key_value_heads=2, sliding_window=16),
}  # fmt: skip
READ_TREES = ("qwen3", "llama", "gpt2", "neox", "gemma")


def model(name: str, seed: int = 0) -> Any:
    """Returns a model in float32."""
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(CONFIGS[name], dtype=torch.float32).eval()
