"""Asks a judge some questions, and gives the weight of each option in its answer.

Shapes: Q questions, O options.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from eval_suites.asking import Asker
from eval_suites.judges.questions import How, Question
from eval_suites.models.responses import Request

_MOST_WRITTEN = 512  # tokens of reasons and verdict


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's answer to a question."""

    weights_O: tuple[float, ...] | None  # of the options, together 1; None if the answer cannot be read
    text: str  # what the judge wrote


def verdicts(asker: Asker, questions: Sequence[Question], how: How, *, chat: bool) -> list[Verdict]:
    """Returns the answer to each question. `chat`: through the judge's chat template."""
    prompts = [_prompt(asker, question.asked(how), chat=chat) for question in questions]
    return _likely(asker, questions, prompts) if how == "likelihood" else _written(asker, questions, prompts)


def fluency(asker: Asker, prompts: Sequence[str], answers: Sequence[str], *, chat: bool) -> list[float]:
    """Returns the nats per byte of each answer after its prompt; -inf for an empty answer, which nothing is likelier
    than. It sees whether a text is one, and nothing of whether it is right."""
    asked = [_prompt(asker, prompt, chat=chat) for prompt in prompts]
    blank = ["" if one[-1:].isspace() else " " for one in asked]
    kept = [i for i, answer in enumerate(answers) if answer]
    responses = asker.ask([Request("loglikelihood", asked[i], blank[i] + answers[i]) for i in kept])
    nats = [-math.inf] * len(answers)
    for i, response in zip(kept, responses, strict=True):
        nats[i] = (response.log_likelihood or 0.0) / len(answers[i].encode())
    return nats


def _likely(asker: Asker, questions: Sequence[Question], prompts: Sequence[str]) -> list[Verdict]:
    """Takes the likelihoods of the options, as shares of their sum."""
    requests = [
        Request("loglikelihood", prompt, ending)
        for question, prompt in zip(questions, prompts, strict=True)
        for ending in _endings(question, prompt)
    ]
    responses = iter(asker.ask(requests))
    given = []
    for question in questions:
        nats = [next(responses).log_likelihood or 0.0 for _ in question.options]
        top = max(nats)
        parts = [math.exp(one - top) for one in nats]
        given.append(Verdict(tuple(one / sum(parts) for one in parts), ""))
    return given


def _endings(question: Question, prompt: str) -> list[str]:
    """Returns the options as continuations. One that begins another, as 1 does 10, is told apart by the end of its
    line."""
    begins = any(a != b and b.startswith(a) for a in question.options for b in question.options)
    blank = "" if prompt[-1:].isspace() else " "
    return [f"{blank}{option}{chr(10) if begins else ''}" for option in question.options]


def _written(asker: Asker, questions: Sequence[Question], prompts: Sequence[str]) -> list[Verdict]:
    """Takes the option that the judge has written."""
    settings = {"until": [], "max_gen_toks": _MOST_WRITTEN, "do_sample": False, "temperature": 0.0}
    responses = asker.ask([Request("generate_until", prompt, "", settings) for prompt in prompts])
    given = []
    for question, response in zip(questions, responses, strict=True):
        option = question.read(response.text or "")
        weights = None if option is None else tuple(float(i == option) for i in range(len(question.options)))
        given.append(Verdict(weights, response.text or ""))
    return given


def _prompt(asker: Asker, text: str, *, chat: bool) -> str:
    if chat:
        return asker.responder.chat([{"role": "user", "content": text}], continues=False)
    return f"{text}\n\nReply:"
