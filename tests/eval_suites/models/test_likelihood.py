"""Log-likelihoods against the plain way, whatever the architecture, the budget, the order and what is shared."""

from contextvars import Context
from functools import partial

import numpy as np
import pytest
import torch

from eval_suites.models.likelihood import Answer, answers, reads_trees
from eval_suites.models.network import Network
from eval_suites.models.prefixes import Query
from tests.eval_suites.models import tiny


def questions(n: int = 12, shared: int = 60) -> list[Query]:
    """Few-shot questions with three answers of several lengths, a lone sequence, and one that is asked for twice."""
    generator = np.random.default_rng(0)

    def tokens(length: int) -> np.ndarray:
        return generator.integers(3, tiny.VOCABULARY, length).astype(np.int32)

    examples, queries = tokens(shared), []
    for _ in range(n):
        question = np.concatenate([examples, tokens(int(generator.integers(5, 20)))])
        for length in (1, 1, 5):
            answer = tokens(length)
            queries.append(Query(np.concatenate([question, answer[:-1]]), answer))
    alone = tokens(90)
    return [*queries, Query(alone[:-1], alone[1:]), queries[0]]


def plainly(model: torch.nn.Module, query: Query) -> Answer:
    with torch.inference_mode():
        logits = model(torch.from_numpy(query.ids.astype(np.int64))[None]).logits[0, query.first :].double()
    targets = torch.from_numpy(query.targets.astype(np.int64))
    picked = logits.log_softmax(-1)[torch.arange(len(targets)), targets]
    return Answer(float(picked.sum()), bool((logits.argmax(-1) == targets).all()))


@pytest.mark.parametrize("name", tiny.CONFIGS)
@pytest.mark.parametrize("budget", [40, 100, 4000])
def test_answers_are_those_of_whole_sequences(name: str, budget: int) -> None:
    model, queries = tiny.model(name), questions()
    network = Network(model)
    got = dict(answers(network, queries, budget))
    assert network.reads_trees == (name in tiny.READ_TREES)
    assert len(got) == len(queries)
    for i, query in enumerate(queries):
        expected = plainly(model, query)
        assert got[i].log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-4)
        assert got[i].is_greedy == expected.is_greedy


def test_neither_order_nor_budget_changes_an_answer() -> None:
    network, queries = Network(tiny.model("qwen3")), questions()
    first = dict(answers(network, queries, 64))
    order = np.random.default_rng(1).permutation(len(queries)).tolist()
    shuffled = dict(answers(network, [queries[i] for i in order], 300))
    for place, i in enumerate(order):
        assert shuffled[place].log_likelihood == pytest.approx(first[i].log_likelihood, abs=1e-4)
    alone = [dict(answers(network, [query], 1000))[0].log_likelihood for query in queries]
    assert alone == pytest.approx([first[i].log_likelihood for i in range(len(queries))], abs=1e-4)


def test_a_greedy_continuation_is_seen_as_one() -> None:
    model = tiny.model("llama")
    ids = torch.arange(5, 25)[None]
    with torch.inference_mode():
        written = model.generate(ids, max_new_tokens=4, do_sample=False, eos_token_id=None, pad_token_id=0)[0].numpy()
    good = Query(written[:-1].astype(np.int32), written[-4:].astype(np.int32))
    bad = Query(good.ids, np.append(good.targets[:-1], [9]).astype(np.int32))
    got = dict(answers(Network(model), [good, bad], 100))
    assert got[0].is_greedy
    assert not got[1].is_greedy


def test_a_model_with_an_attention_of_its_own_is_found_out() -> None:
    """It lets its attention be replaced and goes on with its own, which lets branches see each other."""
    network, queries = Network(tiny.model("llama")), questions(n=3)
    for layer in network.model.model.layers:
        layer.self_attn.forward = partial(Context().run, layer.self_attn.forward)  # does not know of rows
    assert not reads_trees(network)
    got = dict(answers(network, queries, 100))
    expected = plainly(tiny.model("llama"), queries[0])
    assert got[0].log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-4)


@pytest.mark.parametrize("name", ["qwen3", "gemma"])
def test_the_last_layer_is_given_what_is_needed(name: str) -> None:
    network, queries, sizes = Network(tiny.model(name)), questions(), []
    inner = network.model.model.layers[-1].mlp.inner
    assert reads_trees(network)
    inner.register_forward_pre_hook(lambda module, given: sizes.append(given[0].shape[1]))
    dict(answers(network, queries, 4000))
    assert max(sizes) <= sum(len(query.targets) for query in queries)
