"""A small study that tests read: three variants, two of them the same, at two seeds."""

import shutil
from pathlib import Path
from typing import Any

from corpus.lake import Lake
from pomona import making
from pomona.ablation.settings import Study
from training import views
from training.views import RunView

FIELDS: dict[str, Any] = {
    "name": "small", "model": "1M", "tokens": 4096, "seeds": [1, 2], "baseline": "plain", "at_once": 1,
    "variants": {
        "plain": {"weights": {"a": 1.0}}, "mixed": {"weights": {"a": 0.5, "b": 0.5}}, "copy": {"weights": {"a": 1.0}},
    },
    "held_out": ["a", "b"], "evaluation_tokens": 1024, "train": {"sequence_length": 64, "batch_tokens": 256},
}  # fmt: skip


def study(**changes: Any) -> Study:
    """The small study, with some fields changed."""
    return Study.model_validate(FIELDS | changes)


def lake_of(mixed: Lake, path: Path) -> Lake:
    """A copy of the shared lake, which a study may write."""
    shutil.copytree(mixed.root, path)
    return Lake(path)


def runs_of(lake: Lake) -> dict[str, RunView]:
    """The runs of a branch, by their names without the hash."""
    return {one.name[:-9]: one for one in views.runs(lake)}


def run(lake: Lake, wanted: Study) -> str:
    """Runs a study; returns its id."""
    list(making.ablation(lake, wanted))
    return making.ablation_id(lake, wanted)
