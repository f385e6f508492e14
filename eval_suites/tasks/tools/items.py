"""BFCL's items in lm-eval's form. What they are and how they are scored stands in eval_suites.tools."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval_suites.tools import scoring

if TYPE_CHECKING:
    from datasets import Dataset


def documents(
    category: str, files: Mapping[str, Sequence[Path]] | None = None, **_: object
) -> "dict[str, Dataset]":  # fmt: skip
    """Returns the items of a category, from files or from the package `bfcl-eval`."""
    from datasets import Dataset

    return {"test": Dataset.from_list(scoring.documents(category, files))}


def score(doc: Mapping[str, str], results: Sequence[Any]) -> dict[str, float]:
    """Returns the metrics of an answer."""
    return scoring.score(doc, str(results[0]))
