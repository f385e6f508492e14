"""Texts that a model writes."""

import torch

from training.model import Transformer
from training.sampling import continued
from training.shape import named
from training.weights import initialize


def model() -> Transformer:
    made = Transformer(named("1M", 50))
    initialize(made, 1)
    return made


def test_at_temperature_zero_each_token_is_the_likeliest() -> None:
    made = model()
    written = continued(made, [[3, 4, 5]], 6, end=-1, temperature=0)[0]
    ids = [3, 4, 5]
    for token in written:
        with torch.no_grad():
            logits = made(torch.tensor([ids]))[0, -1] @ made.output_weight.T
        assert token == int(logits.argmax())
        ids.append(token)
    assert len(written) == 6


def test_a_seed_decides_and_the_end_ends() -> None:
    made = model()
    first = continued(made, [[3]], 8, end=-1, seed=5)[0]
    assert continued(made, [[3]], 8, end=-1, seed=5)[0] == first
    assert continued(made, [[3]], 8, end=-1, seed=6)[0] != first
    assert continued(made, [[3]], 8, end=first[2], seed=5)[0] == first[: first.index(first[2])]


def test_texts_do_not_depend_on_those_beside_them() -> None:
    made, prompts = model(), [[3], [4, 5, 6, 7], [8, 9]]
    alone = [continued(made, [prompt], 8, end=-1, seed=5 + i)[0] for i, prompt in enumerate(prompts)]
    assert continued(made, prompts, 8, end=-1, seed=5) == alone
    end = alone[1][2]  # one that ends early
    cut = [ids[: ids.index(end)] if end in ids else ids for ids in alone]
    assert continued(made, prompts, 8, end=end, seed=5) == cut
    assert continued(made, [], 8, end=-1) == []
