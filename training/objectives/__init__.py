"""Objectives: what a training step minimizes, one file each.

An objective is a small frozen dataclass with its settings. `count(batch)` says how many targets a micro-batch has; the
training loop adds them up over micro-batches and ranks. `objective(model, batch, total)` returns the loss of a
micro-batch as its share of the whole step, and its parts as sums, so that both simply add up.
"""

from importlib import import_module
from typing import Any, Protocol

from torch import Tensor

from corpus.errors import unknown
from training.batch import Batch
from training.model import Transformer

OBJECTIVES = {
    "next_token": "training.objectives.next_token:NextToken",
    "distill": "training.objectives.distill:Distill",
    "divergence": "training.objectives.divergence:Divergence",
}


class Objective(Protocol):
    """What the training loop needs."""

    def count(self, batch: Batch) -> int:
        """Returns the number of targets of a micro-batch."""

    def __call__(self, model: Transformer, batch: Batch, total: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss of a micro-batch over `total` targets, and its parts: sums, detached."""


def load(name: str) -> type[Any]:
    """Returns the class of an objective by its name."""
    if name not in OBJECTIVES:
        raise unknown("objective", name, OBJECTIVES)
    module, _, item = OBJECTIVES[name].partition(":")
    loaded: type[Any] = getattr(import_module(module), item)
    return loaded
