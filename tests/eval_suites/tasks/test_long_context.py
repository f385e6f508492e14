"""The tasks of long texts: a reader of the text has everything right, and the kinds are told apart."""

from collections.abc import Iterator, Mapping, Sequence

from eval_suites import engine, suites
from eval_suites.asking import Asker
from eval_suites.harness import Harness
from eval_suites.models.responses import Request, Response
from eval_suites.store import InMemory
from eval_suites.tasks.long_context import items


class Reads:
    """Knows the answers, but of questions about words only the first one."""

    key, about, can_chat = "reads", {}, False

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        rows = {row["prompt"]: row for row in items.documents(1024)["test"]}
        for i, one in enumerate(requests):
            row = rows[one.context]
            some = row["answers"][:1] if row["kind"] in ("common", "frequent") else row["answers"]
            yield i, Response(text=" " + ", ".join(some) + ".")

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return ""


def test_kinds_have_scores_of_their_own() -> None:
    tasks = engine.Tasks(suites.of_tasks(("pomona_long_1k",)))
    (result,) = engine.run(tasks, Harness(Asker(Reads(), InMemory())))
    values = {one.name: [item.value for item in one.items] for one in result.metrics}
    assert (result.primary, len(values["recall"]), len(values["recall_single"])) == ("recall", 140, 20)
    assert set(values["recall_multivalue"]) == {1.0}
    assert set(values["recall_common"]) == {0.1}


def test_every_length_has_a_task() -> None:
    suite = suites.load("long_context")
    assert [one.task for one in suite.tasks] == [f"pomona_long_{n}k" for n in (1, 2, 4, 8, 16, 32)]
    sizes = engine.Tasks(suites.of_tasks(("pomona_long_4k",))).leaves["pomona_long_4k"][0].eval_docs
    assert len(sizes) == 140
