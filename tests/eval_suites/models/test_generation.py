"""Texts against `generate` of transformers, whatever is shared and however many are written together."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from eval_suites.models.generation import Choice, Prompt, texts
from eval_suites.models.network import Network
from tests.eval_suites.models import tiny


def prompts(most: int = 12) -> list[Prompt]:
    generator = np.random.default_rng(0)

    def tokens(length: int) -> np.ndarray:
        return generator.integers(3, tiny.VOCABULARY, length).astype(np.int32)

    examples = tokens(50)
    ids = [np.concatenate([examples, tokens(int(generator.integers(1, 15)))]) for _ in range(6)]
    ids += [tokens(int(generator.integers(2, 30))) for _ in range(4)] + [ids[0], examples]
    return [Prompt(one, most, lambda written: written[-1] == 2, seed=i) for i, one in enumerate(ids)]


@pytest.mark.parametrize("name", tiny.CONFIGS)
@pytest.mark.parametrize("budget", [80, 300, 5000])
def test_greedy_texts_are_those_of_transformers(name: str, budget: int) -> None:
    model, asked = tiny.model(name), prompts()
    got = dict(texts(Network(model), asked, Choice(), budget))
    assert len(got) == len(asked)
    for i, prompt in enumerate(asked):
        ids = torch.from_numpy(prompt.ids.astype(np.int64))[None]
        expected = model.generate(ids, max_new_tokens=12, do_sample=False, eos_token_id=2, pad_token_id=0)
        assert got[i] == expected[0, len(prompt.ids) :].tolist()


def test_each_row_stops_by_itself() -> None:
    def after(n: int) -> Callable[[list[int]], bool]:
        return lambda written: len(written) == n

    asked = [
        Prompt(one.ids, most, after(n)) for one, most, n in zip(prompts()[:4], (1, 9, 5, 20), (3, 4, 9, 7), strict=True)
    ]
    got = dict(texts(Network(tiny.model("qwen3")), asked, Choice(), 5000))
    assert [len(got[i]) for i in range(4)] == [1, 4, 5, 7]


def test_what_is_sampled_does_not_depend_on_the_other_rows() -> None:
    network, asked = Network(tiny.model("qwen3")), prompts()
    choice = Choice(temperature=1.0, top_k=50, top_p=0.9, seed=3)
    together = dict(texts(network, asked, choice, 5000))
    alone = [dict(texts(network, [prompt], choice, 5000))[0] for prompt in asked]
    assert alone == [together[i] for i in range(len(asked))]
    assert dict(texts(network, asked, Choice(temperature=1.0, seed=4), 5000)) != together


def test_samples_have_the_models_shares() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    generator = torch.Generator().manual_seed(0)
    drawn = np.array([Choice(temperature=0.5).next(logits, [generator])[0] for _ in range(4000)])
    shares = np.bincount(drawn, minlength=4) / 4000
    assert shares == pytest.approx((logits[0] / 0.5).softmax(-1).numpy(), abs=0.02)

    few = np.array([Choice(temperature=1.0, top_k=2).next(logits, [generator])[0] for _ in range(500)])
    assert set(few) == {0, 1}
    nucleus = np.array([Choice(temperature=1.0, top_p=0.6).next(logits, [generator])[0] for _ in range(500)])
    assert set(nucleus) == {0}  # the first token alone has 64%


def test_nothing_asked_is_nothing_written() -> None:
    assert list(texts(Network(tiny.model("llama")), [], Choice(), 100)) == []
