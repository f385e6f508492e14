"""Small models that tests share: ours, and Hugging Face's with the same weights."""

from functools import partial

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm

from training.model import Transformer
from training.shape import Shape
from training.weights import initialize, to_state_dict

SMALL = Shape(d_model=48, n_layers=2, n_heads=6, n_kv_heads=2, head_dim=16, d_ffn=64, vocab_size=101)


def ours(shape: Shape = SMALL, dtype: torch.dtype = torch.float64, **options: object) -> Transformer:
    """A model with norms that are not 1, so that a forgotten one shows."""
    model = Transformer(shape, **options).to(dtype)  # type: ignore[arg-type]
    initialize(model, seed=3)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.rand(parameter.shape, generator=generator, dtype=dtype) - 0.5)
    return model


def theirs(model: Transformer, attention: str = "sdpa") -> Qwen3ForCausalLM:
    """Hugging Face's model with the same weights.

    Its norms round to float32 whatever the type of the weights; here they get the same formula without rounding, so
    that a comparison in float64 shows more than seven digits.
    """
    config = Qwen3Config(**model.shape.to_config(max_position_embeddings=256), attn_implementation=attention)
    reference = Qwen3ForCausalLM(config).to(model.embedding.dtype)
    missing, unexpected = reference.load_state_dict(to_state_dict(model), strict=False)
    assert (missing, unexpected) in (([], []), (["lm_head.weight"], []))
    for norm in reference.modules():
        if isinstance(norm, Qwen3RMSNorm):
            norm.forward = partial(_exact_norm, norm)  # type: ignore[method-assign]
    return reference.eval()


def _exact_norm(norm: Qwen3RMSNorm, x: torch.Tensor) -> torch.Tensor:
    return norm.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon))


def ids(n_rows: int = 3, n_positions: int = 37, vocab_size: int = SMALL.vocab_size) -> torch.Tensor:
    """Token ids (B, S)."""
    return torch.randint(vocab_size, (n_rows, n_positions), generator=torch.Generator().manual_seed(1))
