"""The texts of a task's items: what a document that holds an item would hold."""

from collections.abc import Iterator
from typing import Any


def items(task: Any) -> Iterator[dict[str, str]]:
    """Yields the items of a task under their numbers, with the texts that a model is asked."""
    for number, document in enumerate(task.eval_docs):
        question = _text(task.doc_to_text(document)) if not task.multiple_input else ""
        target = task.doc_to_target(document)
        has_choices = task.config.doc_to_choice is not None
        choices = " ".join(map(str, task.doc_to_choice(document))) if has_choices else ""
        yield {
            "id": str(number),
            "question": question or choices or _text(target),
            "choices": choices if question else "",
            "answer": "" if has_choices or not question else _text(target),
        }


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
