"""Tiny models of several architectures, with random weights that are large enough to tell tokens apart."""

from pathlib import Path
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


def folder(path: Path, name: str = "qwen3", seed: int = 0) -> Path:
    """Writes a model with a tokenizer of its own to a folder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["the answer to the question is here and there", "on and on it went"] * 9, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", model_max_length=512
    )
    wrapped.chat_template = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}[assistant] "
    wrapped.save_pretrained(path)
    model(name, seed).save_pretrained(path)
    return path


def model(name: str, seed: int = 0) -> Any:
    """Returns a model in float32."""
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(CONFIGS[name], dtype=torch.float32).eval()
