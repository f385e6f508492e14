"""Adds the items of a suite to what decontamination protects, so that the next corpus does not hold them."""

from corpus.lake import Lake
from decontam import added
from eval_suites import engine, stages
from eval_suites.item_texts import items
from eval_suites.settings import Score


def protect(lake: Lake, settings: Score) -> dict[str, int]:
    """Writes the items of a score's tasks to the lake; returns how many each task has."""
    folders = [settings.tasks_path] if settings.tasks_path else []
    tasks = engine.Tasks(stages.suite_of(settings), folders=folders, shots=settings.shots, data=settings.data)
    counts = {}
    for name, (task, _) in tasks.leaves.items():
        several = list(items(task))
        added.add(lake, name, several)
        counts[name] = len(several)
    return counts
