"""Adds the items of a suite to what decontamination protects, so that the next corpus does not hold them."""

from collections.abc import Iterator
from typing import Any

from corpus.lake import Lake
from decontam import added
from eval_suites import engine, stages
from eval_suites.settings import Score


def protect(lake: Lake, settings: Score) -> dict[str, int]:
    """Writes the items of a score's tasks to the lake; returns how many each task has."""
    folders = [settings.tasks_path] if settings.tasks_path else []
    tasks = engine.Tasks(stages.suite_of(settings), folders=folders, shots=settings.shots, data=settings.data)
    counts = {}
    for name, (task, _) in tasks.leaves.items():
        items = list(_items(task))
        added.add(lake, name, items)
        counts[name] = len(items)
    return counts


def _items(task: Any) -> Iterator[dict[str, str]]:
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
