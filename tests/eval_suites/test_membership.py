"""Hints of membership: a model that has read texts word by word is told from one that has not."""

import math
from collections.abc import Iterator, Mapping, Sequence

import pytest

from eval_suites import engine, membership, suites
from eval_suites.asking import Asker
from eval_suites.models.responses import Request, Response
from eval_suites.store import InMemory

READ = "in the old town of bamuko the keeper of the high tower always wore a long green coat at night"
UNREAD = "on the new road to kilohe the driver of the slow wagon never had a small brown dog by day"


class Reader:
    """Knows one text by heart; all other words have 1 in 50."""

    key, about, can_chat = "reader", {}, False

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for i, one in enumerate(requests):
            known = READ.startswith(one.context + one.continuation)
            n = len(one.continuation.split())
            yield i, Response(n * math.log(0.9 if known else 0.02), known, None, n)

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return ""


def test_what_was_read_is_completed_and_holds_no_surprise() -> None:
    asker = Asker(Reader(), InMemory())
    read, unread = (membership.of_texts(asker, [text] * 3) for text in (READ, UNREAD))
    assert read is not None
    assert unread is not None
    assert (read.completion.value, unread.completion.value) == (1.0, 0.0)
    assert read.completion.n == 15  # five places of three texts
    assert read.least.value == pytest.approx(math.log(0.9))
    assert unread.least.value == pytest.approx(math.log(0.02))


def test_places_of_a_text_share_a_cluster() -> None:
    hint = membership.of_texts(Asker(Reader(), InMemory()), [READ, UNREAD] * 20)
    assert hint is not None
    assert (hint.completion.n, hint.completion.n_clusters) == (200, 40)


def test_short_texts_have_no_hint() -> None:
    assert membership.of_texts(Asker(Reader(), InMemory()), ["a few words only", ""]) is None


def test_items_of_tasks_are_looked_at_with_their_answers() -> None:
    asked: list[Request] = []

    class Listening(Reader):
        def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
            asked.extend(requests)
            yield from super().respond(requests)

    tasks = engine.Tasks(suites.of_tasks(("pomona_retrieval",)))
    leaves = {name: task for name, (task, _) in tasks.leaves.items()}
    (hint,) = membership.hints(leaves, Asker(Listening(), InMemory())).values()
    assert 0 < hint.items <= 200
    assert {one.kind for one in asked} == {"loglikelihood"}
