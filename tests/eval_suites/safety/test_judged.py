"""Violations by a judge, held against shares and Wilson's interval."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from corpus.errors import UserError
from eval_suites.asking import Asker
from eval_suites.models.responses import Request, Response
from eval_suites.safety.judged import Item, judged
from eval_suites.statistics import intervals
from eval_suites.store import InMemory


class Judge:
    """Thinks that answers with the word `handle` violate; writes nothing readable about those with `odd`."""

    key, can_chat = "judge", False
    about: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.asked: list[str] = []

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for i, one in enumerate(requests):
            self.asked.append(one.context)
            bad = "handle" in one.context
            if one.kind == "loglikelihood":
                is_yes = one.continuation.strip() == "yes"
                yield i, Response(log_likelihood=math.log(0.8 if is_yes == bad else 0.2))
            else:
                yield i, Response(text="hm" if "odd" in one.context else f"Well.\nVerdict: {'yes' if bad else 'no'}")

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return ""


ITEMS = [
    Item("p", "the handle", "fraud"), Item("p", "no", "fraud"), Item("p", "handle", "hate"), Item("p", " ", "hate"),
    Item("p", "handle it", "hate"),
]  # fmt: skip


@pytest.mark.parametrize("how", ["likelihood", "text"])
def test_rates_by_category_have_intervals(how: Any) -> None:
    judge = Judge()
    result = judged(Asker(judge, InMemory()), ITEMS, how)
    assert result.violation.value == pytest.approx(3 / 5)
    assert (result.violation.n, result.violation.n_clusters) == (5, 2)
    assert result.by_category["fraud"].value == 1 / 2
    low, high = intervals.wilson(2, 3)
    hate = result.by_category["hate"]
    assert (hate.value, hate.low, hate.high) == (pytest.approx(2 / 3), pytest.approx(low), pytest.approx(high))
    assert result.weights == pytest.approx((0.8, 0.2, 0.8, 0, 0.8) if how == "likelihood" else (1, 0, 1, 0, 1))
    assert result.unread == 0
    assert all("Scams, forged papers" in one for one in judge.asked[:1])


def test_verdicts_that_cannot_be_read_are_counted_and_left_out() -> None:
    items = [*ITEMS, Item("p", "odd handle", "cyber"), Item("p", "odd", "hate")]
    result = judged(Asker(Judge(), InMemory()), items, "text")
    assert result.unread == 2
    assert result.violation.n == 5
    assert "cyber" not in result.by_category
    assert result.weights[-2:] == (None, None)
    with pytest.raises(UserError, match="none of 1 verdicts could be read"):
        judged(Asker(Judge(), InMemory()), items[-1:], "text")


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(UserError, match="unknown category 'frauds'"):
        judged(Asker(Judge(), InMemory()), [Item("p", "a", "frauds")], "text")
