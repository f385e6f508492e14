"""Natural Questions with short answers: alone, or after the passage that holds the answer.

Of the questions of the development split that have a short answer, every other one is an example, and the others are
asked. One annotation of each is drawn: its passage is shown, and an example shows its answer. Any annotator's answer is
right. Rows come in the form of Google's files or in that of the hub.

HELM takes turns within each of its five files; the hub's copy has no files, so turns go through the whole split here,
and the items are others of the same kind.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from eval_suites.helm.columns import several, texts, values
from eval_suites.helm.instances import Instance
from eval_suites.helm.scenarios.parts import Parts, parts

_TAG = re.compile(r"<[^>]*>")
_HARD_BLANK = b"\xc2\xa0"  # in UTF-8


@dataclass(frozen=True, slots=True)
class _Answer:
    short: str
    passage: str


def natural_qa(splits: Mapping[str, Any], *, with_passage: bool) -> Parts:
    """Questions to a search engine."""
    random = Random(0)
    examples: list[Instance] = []
    others: list[Instance] = []
    kept = ((question, answers) for question, answers in _annotated(splits.get("validation")) if answers)
    for number, (question, answers) in enumerate(kept):
        drawn = answers[random.randint(0, len(answers) - 1)]
        asked = question.capitalize()
        asked = asked if asked.endswith("?") else f"{asked}?"
        if with_passage:
            asked = f"Passage: {drawn.passage}\n\nQuestion: {asked}"

        is_example = number % 2 == 0
        right = (drawn.short,) if is_example else tuple(dict.fromkeys(one.short for one in answers))
        (examples if is_example else others).append(Instance(asked, right))
    return parts(examples, others)


def _annotated(rows: Any) -> Iterator[tuple[str, list[_Answer]]]:
    """Yields each question with its short answers."""
    if rows is None:
        return
    is_google = "document_html" in rows.column_names
    questions = texts(rows, *(("question_text",) if is_google else ("question", "text")))
    pages = texts(rows, *(("document_html",) if is_google else ("document", "html")))
    for question, page, annotations in zip(questions, pages, values(rows, "annotations"), strict=True):
        data = page.encode()
        yield (
            question,
            [
                _Answer(_text(data, short), _text(data, one.get("long_answer")))
                for one in several(annotations)
                for short in several(one.get("short_answers"))
            ],
        )


def _text(page: bytes, span: Any) -> str:
    """Returns the text of a span of bytes of a page, without tags."""
    span = span if isinstance(span, Mapping) else {}
    part = page[int(span.get("start_byte") or 0) : int(span.get("end_byte") or 0)]
    return _TAG.sub("", html.unescape(part.replace(_HARD_BLANK, b" ").decode("utf-8", "replace")))
