"""A model behind guardrails: what is refused, what is replaced, what stays as it was."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval_suites.asking import Asker
from eval_suites.models.loading import load
from eval_suites.models.local import LocalResponder
from eval_suites.models.responses import Request, Response
from eval_suites.safety import guardrails, refusals, rules
from eval_suites.safety.guardrails import Guarded
from eval_suites.safety.rules import Chosen, Guardrails
from eval_suites.store import InMemory
from tests.eval_suites.models import tiny


class Echoes:
    """Answers with the prompt, turned around in order."""

    key, can_chat = "echoes", True
    about: Mapping[str, Any] = {"model": "echoes"}

    def __init__(self) -> None:
        self.asked: list[str] = []

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for i in reversed(range(len(requests))):
            self.asked.append(requests[i].context)
            if requests[i].context == "fails":
                yield i, Response(text="", error="a filter")
            else:
                yield i, Response(text=f"echo {requests[i].context}", n_tokens=3, is_cut=True)

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return "|".join(one["content"].replace(" ", "_") for one in messages)


def chosen(*written: dict[str, Any], refusal: str = rules.REFUSAL) -> Chosen:
    named = [{"name": f"r{i}", "category": "cyber"} | one for i, one in enumerate(written)]
    return rules.choose(Guardrails.model_validate({"rules": named, "refusal": refusal}))


def texts(guarded: Guarded, *prompts: str) -> list[str | None]:
    given = dict(guarded.respond([Request("generate_until", one) for one in prompts]))
    assert sorted(given) == list(range(len(prompts)))
    return [given[i].text for i in range(len(prompts))]


IN = {"where": "prompt", "action": "refuse"}
OUT = {"where": "answer", "action": "refuse"}


def test_a_refused_prompt_never_reaches_the_model() -> None:
    model = Echoes()
    guarded = Guarded(model, chosen(IN | {"phrases": ["bad thing"]}))
    assert texts(guarded, "one", "a Bad  Thing", "two") == ["echo one", rules.REFUSAL, "echo two"]
    assert sorted(model.asked) == ["one", "two"]
    assert guarded.done == {"r0": 1}


def test_answers_are_refused_replaced_or_flagged() -> None:
    replaces = {"where": "answer", "action": "replace", "pattern": r"\d+", "replacement": "$1 [no]"}
    flags = {"where": "answer", "action": "flag", "phrases": ["echo"]}
    guarded = Guarded(Echoes(), chosen(OUT | {"phrases": ["secret"]}, replaces, flags))
    assert texts(guarded, "12 and 3", "secret 12", "plain") == ["echo $1 [no] and $1 [no]", rules.REFUSAL, "echo plain"]
    assert guarded.done == {"r0": 1, "r1": 1, "r2": 3}
    assert guarded.about["guardrails"]["done"] == guarded.done
    assert guarded.about["model"] == "echoes"


def test_a_prompt_can_be_flagged_and_counts_for_the_first_rule_that_refuses() -> None:
    flags = {"where": "prompt", "action": "flag", "phrases": ["x"]}
    guarded = Guarded(Echoes(), chosen(flags, IN | {"phrases": ["x"]}, IN | {"phrases": ["x"]}))
    assert texts(guarded, "x", "y") == [rules.REFUSAL, "echo y"]
    assert guarded.done == {"r0": 1, "r1": 1, "r2": 0}


def test_without_rules_nothing_changes_and_errors_stay() -> None:
    guarded = Guarded(Echoes(), chosen(OUT | {"pattern": "never"}))
    given = dict(guarded.respond([Request("generate_until", "a"), Request("generate_until", "fails")]))
    assert given[0] == Response(text="echo a", n_tokens=3, is_cut=True)
    assert given[1].error == "a filter"
    assert list(guarded.respond([])) == []


def test_rules_see_the_messages_of_a_conversation_not_the_template() -> None:
    guarded = Guarded(Echoes(), chosen(IN | {"phrases": ["bad thing"]}))
    prompt = guarded.chat([{"role": "user", "content": "a bad thing"}], continues=False)
    assert prompt == "a_bad_thing"
    assert texts(guarded, prompt, "b_bad_thing") == [rules.REFUSAL, "echo b_bad_thing"]


def test_broken_texts_are_looked_at_too() -> None:
    replaces = {"where": "answer", "action": "replace", "phrases": ["gone"], "replacement": "-"}
    guarded = Guarded(Echoes(), chosen(IN | {"phrases": ["bad"]}, replaces))
    assert texts(guarded, "bad \ud800", "gone \ud800", "kept \ud800") == [rules.REFUSAL, "echo - ?", "echo kept \ud800"]


def test_the_key_is_that_of_the_model_with_its_rules() -> None:
    one, other = chosen(IN | {"phrases": ["a"]}), chosen(IN | {"phrases": ["b"]})
    keys = {Guarded(Echoes(), one).key, Guarded(Echoes(), other).key, Echoes.key}
    assert len(keys) == 3
    assert Guarded(Echoes(), one).key == Guarded(Echoes(), one).key


def test_the_default_refusal_is_read_as_one() -> None:
    assert refusals.read(rules.REFUSAL).kind == "refusal"


def test_answers_of_the_model_are_kept_as_if_there_were_no_rules() -> None:
    model, store = Echoes(), InMemory()
    requests = [Request("generate_until", one) for one in ("12", "bad", "other")]
    plain = Asker(model, store)
    assert [one.text for one in plain.ask(requests[:1])] == ["echo 12"]

    replaces = {"where": "answer", "action": "replace", "pattern": r"\d", "replacement": "#"}
    for _ in range(2):  # a killed run that goes on counts again what it finds
        inner = Asker(model, store)
        outer = guardrails.around(inner, chosen(IN | {"phrases": ["bad"]}, replaces))
        assert [one.text for one in outer.ask(requests)] == ["echo ##", rules.REFUSAL, "echo other"]
        assert outer.responder.about["guardrails"]["done"] == {"r0": 1, "r1": 1}
        assert outer.responder.can_chat
    assert sorted(model.asked) == ["12", "other"]
    assert inner.reused == 2


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalResponder:
    return LocalResponder(load(str(tiny.folder(Path(tmp_path_factory.mktemp("model")) / "tiny"))))


def test_likelihoods_of_a_local_model_stay_and_its_texts_are_replaced(model: LocalResponder) -> None:
    settings = {"until": [], "max_gen_toks": 8, "do_sample": False}
    requests = [
        Request("loglikelihood", "the answer to", " the question"), Request("loglikelihood_rolling", "on and on it went"),
        Request("generate_until", "the answer", "", settings), Request("generate_until", "the bad question", "", settings),
    ]  # fmt: skip
    everything = {"where": "answer", "action": "replace", "pattern": "(?s).+", "replacement": "-"}
    plain = dict(model.respond(requests))
    behind = dict(Guarded(model, chosen(IN | {"phrases": ["bad", "the question"]}, everything)).respond(requests))
    assert [behind[i] for i in (0, 1)] == [plain[i] for i in (0, 1)]
    assert plain[2].text
    assert [behind[i].text for i in (2, 3)] == ["-", rules.REFUSAL]
    assert behind[2].n_tokens == plain[2].n_tokens
