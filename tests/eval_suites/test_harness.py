"""The same answers as lm-eval's own class for Hugging Face models, request by request, and none asked for twice."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from corpus.errors import UserError
from eval_suites.asking import Asker
from eval_suites.harness import Harness
from eval_suites.models.loading import load
from eval_suites.models.local import LocalResponder
from eval_suites.models.responses import Request, Response
from eval_suites.store import InMemory
from tests.eval_suites.models import tiny

EXAMPLES = "the question is here\nthe answer is there\n\n" * 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.folder(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def peer(folder: Path) -> HFLM:
    return HFLM(pretrained=str(folder), dtype="float32", device="cpu", batch_size=3)


def ours(folder: Path, budget: int = 128) -> Harness:
    return Harness(Asker(LocalResponder(load(str(folder)), tokens_per_step=budget), InMemory()))


def instances(kind: str, arguments: list[tuple[Any, ...]]) -> list[Instance]:
    return [Instance(kind, {}, one, i, ("task", i, 1)) for i, one in enumerate(arguments)]


PAIRS = [
    ("", "the answer"), ("", "<s>the answer"), ("<s>on and on", " it went"), ("the end ", "is here"), ("the end  \n", "x"),
    *((f"{EXAMPLES}question {i}:", f" {word}") for i in range(7) for word in ("yes", "no", "here and there")),
    ("on and on " * 200, "it went"), ("short", " answer " * 30), ("Ünïcode ∑", " → ok"),
]  # fmt: skip


@pytest.mark.parametrize("budget", [64, 1000])
def test_likelihoods_of_continuations(folder: Path, peer: HFLM, budget: int) -> None:
    expected = peer.loglikelihood(instances("loglikelihood", PAIRS), disable_tqdm=True)
    got = ours(folder, budget).loglikelihood(instances("loglikelihood", PAIRS))
    assert [one[1] for one in got] == [one[1] for one in expected]
    assert [one[0] for one in got] == pytest.approx([one[0] for one in expected], abs=1e-3)


def test_likelihoods_of_texts(folder: Path, peer: HFLM) -> None:
    texts = [("the answer",), ("on and on it went " * 150,), ("x",)]
    expected = peer.loglikelihood_rolling(instances("loglikelihood_rolling", texts), disable_tqdm=True)
    got = ours(folder).loglikelihood_rolling(instances("loglikelihood_rolling", texts))
    assert got == pytest.approx(expected, abs=1e-2)


@pytest.mark.parametrize(
    "settings", [{"until": ["\n"], "max_gen_toks": 20}, {"until": ["the", "an"], "max_gen_toks": 30}]
)
def test_generated_texts(folder: Path, peer: HFLM, settings: dict[str, Any]) -> None:
    asked = [(f"{EXAMPLES}question {i}:", settings) for i in range(5)] + [
        ("on and on " * 200, settings),
        ("a", settings),
    ]
    expected = peer.generate_until(instances("generate_until", asked), disable_tqdm=True)
    assert ours(folder).generate_until(instances("generate_until", asked)) == expected


def test_blanks_of_an_empty_context_belong_to_the_continuation(folder: Path) -> None:
    harness = ours(folder)
    got = harness.loglikelihood(
        instances("loglikelihood", [("\n\n", "the answer"), ("", "\n\nthe answer"), ("", "the answer")])
    )
    assert got[0] == got[1]
    assert got[0] != got[2]


def test_cut_prompts_are_counted(folder: Path) -> None:
    harness = ours(folder)
    harness.loglikelihood(instances("loglikelihood", PAIRS))
    assert sum(one.is_cut for one in harness.asker.responses.values()) == 1


def test_what_was_answered_is_not_asked_again(folder: Path) -> None:
    store, responder = InMemory(), LocalResponder(load(str(folder)))
    first = Harness(Asker(responder, store)).loglikelihood(instances("loglikelihood", PAIRS[:6]))
    counted = _Counting(responder)
    harness = Harness(Asker(counted, store))
    assert harness.loglikelihood(instances("loglikelihood", PAIRS[:8] + PAIRS[:2]))[:6] == first
    assert counted.asked == 2
    assert harness.asker.reused == 6


def test_samples_of_one_prompt_are_different_requests(folder: Path) -> None:
    settings = {"until": [], "max_gen_toks": 12, "do_sample": True, "temperature": 1.0}
    texts = ours(folder).generate_until(instances("generate_until", [("on and on", settings)] * 4))
    assert len(set(texts)) > 1
    assert texts == ours(folder).generate_until(instances("generate_until", [("on and on", settings)] * 4))


def test_requests_without_an_answer_are_one_line_and_the_others_are_kept(folder: Path) -> None:
    store = InMemory()
    failing = _Failing(LocalResponder(load(str(folder))))
    with pytest.raises(UserError, match=r"1 of 3 requests have no answer \(\.\.\.'the end ': it broke\)"):
        Harness(Asker(failing, store)).loglikelihood(instances("loglikelihood", [PAIRS[0], PAIRS[3], PAIRS[4]]))
    assert len(store.known(failing.key, [Request("loglikelihood", *one).key for one in (PAIRS[0], PAIRS[4])])) == 2


def test_a_continuation_without_a_token_is_said(folder: Path) -> None:
    with pytest.raises(UserError, match="the continuation has no token of its own"):
        ours(folder).loglikelihood(instances("loglikelihood", [("the end", "")]))


def test_chats_are_rendered_by_the_models_template(folder: Path, peer: HFLM) -> None:
    messages = [{"role": "user", "content": "hello"}]
    assert (
        ours(folder).apply_chat_template(messages) == peer.apply_chat_template(messages) == "[user] hello\n[assistant] "
    )


def test_keys_of_requests_tell_them_apart() -> None:
    requests = [
        Request("loglikelihood", "a", "b"), Request("loglikelihood", "ab", ""), Request("loglikelihood_rolling", "ab"),
        Request("generate_until", "a", settings={"until": ["x"]}), Request("generate_until", "a", settings={"until": ["y"]}),
        Request("generate_until", "a", "", {"until": ["x"]}, 1),
    ]  # fmt: skip
    assert len({one.key for one in requests}) == 6
    assert (
        Request("generate_until", "a", "", {"a": 1, "b": 2}).key
        == Request("generate_until", "a", "", {"b": 2, "a": 1}).key
    )


class _Counting:
    """Counts what is asked of a responder."""

    def __init__(self, inner: LocalResponder) -> None:
        self._inner, self.key, self.about, self.asked = inner, inner.key, inner.about, 0

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        self.asked += len(requests)
        return self._inner.respond(requests)

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return self._inner.chat(messages, continues=continues)


class _Failing(_Counting):
    """Breaks at one request."""

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for number, response in self._inner.respond(requests):
            yield number, Response(error="it broke") if requests[number].context == "the end " else response


def test_a_text_that_is_refused_counts_as_empty_and_is_asked_for_again() -> None:
    """A filter of an endpoint must not keep a whole suite from being scored, nor be taken for an answer of the model."""

    class Refusing:
        key, about = "refusing", {}

        def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
            for i, one in enumerate(requests):
                refused = one.context == "bad"
                yield i, Response(text="" if refused else "fine", error="content_filter" if refused else "")

        def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
            return ""

    store = InMemory()
    harness = Harness(Asker(Refusing(), store))
    asked = [("bad", {}), ("good", {}), *((f"good {i}", {}) for i in range(9))]
    assert harness.generate_until(instances("generate_until", asked))[:2] == ["", "fine"]
    with pytest.raises(UserError, match=r"1 of 2 texts were refused \(content_filter\)"):
        Harness(Asker(Refusing(), InMemory())).generate_until(instances("generate_until", asked[:2]))
    assert list(harness.asker.refusals.values()) == ["content_filter"]
    bad, good = (Request("generate_until", text).key for text in ("bad", "good"))
    assert set(store.known("refusing", [bad, good])) == {good}


def test_a_model_whose_context_is_short_writes_half_of_it(folder: Path) -> None:
    """A task that asks for more text than the model can read would leave no room for the prompt."""
    harness = ours(folder)
    (text,) = harness.generate_until(instances("generate_until", [(EXAMPLES, {"until": [], "max_gen_toks": 4096})]))
    (response,) = harness.asker.responses.values()
    assert response.text == text
    assert response.n_tokens <= 256
    assert harness.asker.responder.about["texts_limited_to"] == 256


def test_another_seed_is_another_sample_and_a_fresh_lake_gives_the_same(folder: Path) -> None:
    settings = {"until": [], "max_gen_toks": 12, "do_sample": True, "temperature": 2.0}
    store = InMemory()

    def written(seed: int, kept: InMemory, temperature: float = 2.0) -> list[str]:
        harness = Harness(Asker(LocalResponder(load(str(folder)), seed=seed), kept))
        asked = [("the question is", {**settings, "temperature": temperature}), ("on and on", settings)]
        texts = harness.generate_until(instances("generate_until", asked))
        assert harness.asker.reused == 0
        return texts

    first, second = written(0, store), written(1, store)
    assert first != second
    assert written(1, InMemory()) == second
