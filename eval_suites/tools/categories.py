"""BFCL's categories of one turn, and how their accuracies become its averages.

Source: BFCL version 4, the leaderboard's columns. Its overall score also counts conversations and agents, which are not
asked here, so there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval_suites.tools.call import Language

Wanted = Literal["calls", "no call", "any call"]


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of items."""

    name: str
    wanted: Wanted = "calls"  # what is right: the expected calls, none, or any
    language: Language = "python"  # of the functions
    is_first: bool = False  # the call that is expected is of the first function, whatever name its answer has


CATEGORIES = {
    one.name: one
    for one in (
        Category("simple_python", is_first=True),
        Category("simple_java", language="java", is_first=True),
        Category("simple_javascript", language="javascript", is_first=True),
        Category("multiple"),
        Category("parallel"),
        Category("parallel_multiple"),
        Category("irrelevance", "no call"),
        Category("live_simple", is_first=True),
        Category("live_multiple"),
        Category("live_parallel"),
        Category("live_parallel_multiple"),
        Category("live_irrelevance", "no call"),
        Category("live_relevance", "any call"),
    )
}
_SIMPLE = ("simple_python", "simple_java", "simple_javascript")
_LIVE = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")


@dataclass(frozen=True, slots=True)
class Score:
    """What a model scored in a category."""

    accuracy: float  # share of items that are right
    items: int


@dataclass(frozen=True, slots=True)
class Averages:
    """BFCL's averages; None where a category is missing, which BFCL shows as N/A."""

    simple: float | None  # mean of the three languages
    non_live: float | None  # mean of simple, multiple, parallel and parallel_multiple, each as one
    live: float | None  # share of all live items with expected calls
    irrelevance: float | None  # mean of irrelevance and live_irrelevance: hallucinated calls lower it
    relevance: float | None


def averages(scores: Mapping[str, Score]) -> Averages:
    """Returns BFCL's averages of the categories' scores, by name."""
    accuracies = {name: one.accuracy for name, one in scores.items()}
    simple = _mean([accuracies.get(name) for name in _SIMPLE])
    others = [accuracies.get(name) for name in ("multiple", "parallel", "parallel_multiple")]
    live = [scores[name] for name in _LIVE if name in scores]
    n_live = sum(one.items for one in live)
    return Averages(
        simple=simple,
        non_live=_mean([simple, *others]),
        live=sum(one.accuracy * one.items for one in live) / n_live if len(live) == len(_LIVE) and n_live else None,
        irrelevance=_mean([accuracies.get("irrelevance"), accuracies.get("live_irrelevance")]),
        relevance=accuracies.get("live_relevance"),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None
