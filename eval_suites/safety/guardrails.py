"""A model behind guardrails: a responder like the model itself, so that both can be scored.

Prompts are looked at before the model is asked, answers before they are given. Likelihoods pass unchanged: nothing is
shown to anybody. In a chat, the rules see the messages, not the template around them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from corpus.task import digest
from eval_suites.asking import Answered, Asker
from eval_suites.models.responses import Request, Responder, Response
from eval_suites.safety.rules import Chosen, Rule
from eval_suites.store import InMemory


class Guarded:
    """A model with rules around it. `done` counts the requests at which each rule acted."""

    def __init__(self, responder: Responder, rules: Chosen) -> None:
        self._model, self._rules = responder, rules
        self._before = [one for one in rules.rules if one.where == "prompt"]
        self._after = [one for one in rules.rules if one.where == "answer"]
        self._messages: dict[str, str] = {}  # of a conversation, by its prompt
        self.key = f"guarded-{digest([responder.key, rules.key])}"
        self.done = {one.name: 0 for one in rules.rules}

    @property
    def about(self) -> Mapping[str, Any]:
        """What a manifest says of the model and its rules."""
        rules = {"key": self._rules.key, "feature": self._rules.feature, "done": dict(self.done)}
        return dict(self._model.about) | {"guardrails": rules}

    @property
    def can_chat(self) -> bool:
        """Whether the model has a chat template."""
        return self._model.can_chat

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        """Yields refusals of prompts that a rule refuses, then what the model answers to the others."""
        refused = set(self._refused(requests))
        yield from ((i, self._refusal()) for i in sorted(refused))
        others = [i for i in range(len(requests)) if i not in refused]
        for number, response in self._model.respond([requests[i] for i in others]):
            text = response.text
            if requests[others[number]].kind == "generate_until" and text is not None and not response.error:
                response = replace(response, text=self._looked_at(text))
            yield others[number], response

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        """Returns a conversation as the model's prompt."""
        prompt = self._model.chat(messages, continues=continues)
        self._messages[prompt] = "\n\n".join(str(one["content"]) for one in messages)
        return prompt

    def _refused(self, requests: Sequence[Request]) -> Iterator[int]:
        """Yields the requests that a rule refuses."""
        asked = [i for i, one in enumerate(requests) if one.kind == "generate_until"]
        prompts = [self._messages.get(requests[i].context, requests[i].context) for i in asked]
        matches = [(rule, _matches(rule, prompts)) for rule in self._before] if asked else []
        for place, i in enumerate(asked):
            if self._refusing([rule for rule, matched in matches if matched[place]]):
                yield i

    def _looked_at(self, answer: str) -> str:
        """Returns an answer, with what the rules replace; or the refusal."""
        matching = [rule for rule in self._after if _matches(rule, [answer])[0]]
        if self._refusing(matching):
            return self._rules.refusal
        for rule in (one for one in matching if one.action == "replace"):
            literal = rule.replacement.replace("$", "$$")  # which would name a group
            changed = pl.Series([_valid(answer)]).str.replace_all(rule.expression, literal).item()
            self.done[rule.name] += changed != answer
            answer = changed
        return answer

    def _refusing(self, matching: Sequence[Rule]) -> bool:
        """Returns whether a rule refuses. Counts all that flag, and the first one that refuses."""
        for rule in matching:
            self.done[rule.name] += rule.action == "flag"
        first = next((one for one in matching if one.action == "refuse"), None)
        if first is not None:
            self.done[first.name] += 1
        return first is not None

    def _refusal(self) -> Response:
        return Response(text=self._rules.refusal)


def around(asker: Asker, rules: Chosen) -> Asker:
    """Returns a model behind guardrails, whose own answers are kept as if there were none: so both are scored for the
    price of one, and rules are counted in full when a killed run goes on."""
    return Asker(Guarded(Answered(asker), rules), InMemory())


def _matches(rule: Rule, texts: Sequence[str]) -> list[bool]:
    return pl.Series([_valid(one) for one in texts], dtype=pl.String).str.contains(rule.expression).to_list()


def _valid(text: str) -> str:
    """Returns a text without halves of surrogate pairs, which are no UTF-8."""
    return text.encode("utf-8", "replace").decode()
