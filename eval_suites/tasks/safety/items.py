"""Prompts and scores of the safety tasks, in lm-eval's form."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval_suites.safety import prompts, scoring
from eval_suites.safety.prompts import PromptKind

if TYPE_CHECKING:
    from datasets import Dataset


def documents(
    kind: PromptKind, files: Mapping[str, Sequence[Path]] | None = None, grown: bool = False, **_: object
) -> "dict[str, Dataset]":
    """Our own prompts, or those of local files; `grown`: with each template around each of them."""
    from datasets import Dataset

    chosen = prompts.written(kind) if files is None else prompts.read(files["test"])
    if grown:
        from eval_suites.safety import growth

        chosen = list(growth.grow(chosen).prompts)
    return {"test": Dataset.from_list([asdict(one) for one in chosen])}


def score_adversarial(doc: Mapping[str, str], results: Sequence[Any]) -> dict[str, float]:
    """Returns the metrics of an answer to a request that should be declined."""
    return scoring.adversarial(doc["category"], doc["how"], str(results[0]))


def score_overrefusal(doc: Mapping[str, str], results: Sequence[Any]) -> dict[str, float]:
    """Returns the metrics of an answer to a harmless request."""
    return scoring.overrefusal(doc["category"], str(results[0]))
