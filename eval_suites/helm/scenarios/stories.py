"""NarrativeQA by summaries: one question of each story, drawn at random.

HELM draws for the training split first, then for validation and test, from one generator. So which questions are asked
depends on all three splits; where only some are there, others are drawn.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from eval_suites.helm.columns import several, texts, values
from eval_suites.helm.instances import Instance
from eval_suites.helm.scenarios.parts import Parts, parts


def narrative_qa(splits: Mapping[str, Any]) -> Parts:
    """Questions about books and films, after a summary. Both answers of a question are right."""
    random = Random(0)
    train, valid, test = ([*_drawn(splits.get(name), random)] for name in ("train", "validation", "test"))
    return parts(train, test, len(valid))


def _drawn(rows: Any, random: Random) -> Iterator[Instance]:
    if rows is None:
        return
    questions: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    every = zip(
        texts(rows, "document", "id"), texts(rows, "document", "summary", "text"), texts(rows, "question", "text"),
        values(rows, "answers"), strict=True,
    )  # fmt: skip
    for story, summary, question, answers in every:
        right = tuple(str(one.get("text") or "") for one in several(answers)) or ("",)
        questions.setdefault(story, []).append((summary, question, right))

    for of_story in questions.values():
        summary, question, right = random.choice(of_story)
        question = question.strip()
        asked = question if question.endswith("?") else f"{question}?"
        yield Instance(f"{summary.strip()}\nQuestion: {asked}", right)
