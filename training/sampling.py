"""Text that a model writes, to look at: tokens drawn one by one, each from the whole text so far.

Meant for a few short texts at the end of a run. For more, load the checkpoint with transformers.
"""

from typing import Any

import torch

from training.model import Transformer


@torch.no_grad()
def continued(
    model: Transformer, prompt: list[int], n_tokens: int, *, end: int, temperature: float = 0.8, seed: int = 0
) -> list[int]:
    """Returns up to `n_tokens` ids that follow a prompt, which has at least one; temperature 0 takes the likeliest."""
    generator = torch.Generator().manual_seed(seed)
    where = model.embedding.device
    ids = list(prompt)
    for _ in range(n_tokens):
        hidden = model(torch.tensor([ids], device=where))[0, -1]
        logits = (hidden.float() @ model.output_weight.float().T).cpu()
        if temperature == 0:
            chosen = int(logits.argmax())
        else:
            chosen = int(torch.multinomial(torch.softmax(logits / temperature, 0), 1, generator=generator))
        if chosen == end:
            break
        ids.append(chosen)
    return ids[len(prompt) :]


def samples(
    model: Transformer, tokenizer: Any, prompts: list[list[int]], *, end: int, n_tokens: int = 48, seed: int = 0
) -> list[dict[str, str]]:
    """Returns (prompt, continuation) of some prompts as text."""
    texts = []
    for i, prompt in enumerate(prompts):
        written = continued(model, prompt, n_tokens, end=end, seed=seed + i)
        texts.append({"prompt": tokenizer.decode(prompt), "continuation": tokenizer.decode(written)})
    return texts
