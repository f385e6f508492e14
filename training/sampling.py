"""Texts that a model writes, to look at: tokens drawn one by one, each from the whole text so far.

Meant for a few short texts at the end of a run. For more, load the checkpoint with transformers.
"""

from typing import Any

import torch

from training.model import Transformer


@torch.no_grad()
def continued(
    model: Transformer, prompts: list[list[int]], n_tokens: int, *, end: int, temperature: float = 0.8, seed: int = 0
) -> list[list[int]]:
    """Returns up to `n_tokens` ids that follow each prompt, which has at least one; temperature 0 takes the likeliest.

    The texts are computed together, and do not depend on one another: text i is drawn with `seed + i`.
    """
    generators = [torch.Generator().manual_seed(seed + i) for i in range(len(prompts))]
    where = model.embedding.device
    texts = [list(prompt) for prompt in prompts]
    going = list(range(len(texts)))

    for _ in range(n_tokens):
        if not going:
            break
        longest = max(len(texts[i]) for i in going)  # what is filled up stands behind a text, where it does not look
        ids = torch.tensor([texts[i] + [0] * (longest - len(texts[i])) for i in going], device=where)
        last = torch.tensor([len(texts[i]) - 1 for i in going], device=where)
        hidden = model(ids)[torch.arange(len(going), device=where), last]
        logits = (hidden.float() @ model.output_weight.float().T).cpu()

        chosen = [_drawn(row, temperature, generators[i]) for row, i in zip(logits, going, strict=True)]
        for i, token in zip(going, chosen, strict=True):
            texts[i] += [token] if token != end else []
        going = [i for i, token in zip(going, chosen, strict=True) if token != end]
    return [text[len(prompt) :] for text, prompt in zip(texts, prompts, strict=True)]


def _drawn(logits_V: torch.Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature == 0:
        return int(logits_V.argmax())
    return int(torch.multinomial(torch.softmax(logits_V / temperature, 0), 1, generator=generator))


def samples(
    model: Transformer, tokenizer: Any, prompts: list[list[int]], *, end: int, n_tokens: int = 48, seed: int = 0
) -> list[dict[str, str]]:
    """Returns (prompt, continuation) of some prompts as text."""
    written = continued(model, prompts, n_tokens, end=end, seed=seed)
    return [
        {"prompt": tokenizer.decode(prompt), "continuation": tokenizer.decode(ids)}
        for prompt, ids in zip(prompts, written, strict=True)
    ]
