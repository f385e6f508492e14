"""Has a model seen a task's items? Hints for models whose training data nobody can look into. None of them is a proof.

  completion   how often the model writes the next five words of an item as they are, at a few places of it. A text that
               was read many times is continued word by word; one that was not, hardly ever.
  least        the mean nats of the least likely fifth of an item's words (min-k%): a text without surprises looks read.

Both depend on how predictable the texts are: compare models on the same task, or tasks of the same kind.

Sources: Xu et al. 2024, arXiv:2404.18824 (n-gram completion); Shi et al. 2024, arXiv:2310.16789 (min-k%).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval_suites.asking import Asker
from eval_suites.item_texts import items
from eval_suites.models.responses import Request
from eval_suites.statistics import intervals
from eval_suites.statistics.intervals import Estimate

_ITEMS = 200  # of a task, at most
_PLACES, _NEXT = 5, 5  # places of an item, words that are to be completed
_BEFORE = 5  # words before the first place
_MOST_WORDS = 200  # of an item
_SHARE = 0.2  # of the words: the least likely ones


@dataclass(frozen=True, slots=True)
class Hint:
    """Hints for a task; items are the first ones with enough words."""

    completion: Estimate  # share of places that are completed word by word; an item is a cluster
    least: Estimate  # nats per word of the least likely fifth
    items: int


def hints(leaves: Mapping[str, Any], asker: Asker) -> dict[str, Hint]:
    """Returns the hints for each task; tasks whose items are too short have none."""
    texts = {name: _texts(task) for name, task in leaves.items()}
    return {name: _hint(asker, several) for name, several in texts.items() if several}


def of_texts(asker: Asker, texts: Sequence[str]) -> Hint | None:
    """Returns the hints for some texts; None if all are too short."""
    several = [words for text in texts if (words := _words(text))]
    return _hint(asker, several) if several else None


def _texts(task: Any) -> list[list[str]]:
    several: list[list[str]] = []
    for item in items(task):
        words = _words(" ".join(item[name] for name in ("question", "choices", "answer") if item[name]))
        if words:
            several.append(words)
        if len(several) == _ITEMS:
            break
    return several


def _words(text: str) -> list[str]:
    """Returns the words of a text, with the blanks before them; nothing for a text that is too short."""
    words = text.split()[:_MOST_WORDS]
    return words if len(words) >= _BEFORE + _NEXT + 2 else []


def _hint(asker: Asker, several: Sequence[Sequence[str]]) -> Hint:
    asked: list[Request] = []
    for words in several:
        asked += [_request(words, at, _NEXT) for at in _places(len(words))]
        asked += [_request(words, at, 1) for at in range(1, len(words))]
    responses = iter(asker.ask(asked))

    completed: list[float] = []
    owners: list[int] = []
    least: list[float] = []
    for i, words in enumerate(several):
        places = [float(bool(next(responses).is_greedy)) for _ in _places(len(words))]
        completed += places
        owners += [i] * len(places)
        nats = sorted(next(responses).log_likelihood or 0.0 for _ in range(1, len(words)))
        lowest = nats[: max(math.ceil(_SHARE * len(nats)), 1)]
        least.append(sum(lowest) / len(lowest))
    clusters = np.array(owners, np.int64)
    return Hint(
        intervals.mean(np.array(completed), clusters),
        intervals.mean(np.array(least)), len(several),
    )  # fmt: skip


def _places(n: int) -> list[int]:
    """Returns where words are to be completed: spread over the text, each place once."""
    last = n - _NEXT
    count = min(_PLACES, last - _BEFORE + 1)
    return sorted({_BEFORE + round(i * (last - _BEFORE) / max(count - 1, 1)) for i in range(count)})


def _request(words: Sequence[str], at: int, n: int) -> Request:
    return Request("loglikelihood", " ".join(words[:at]), " " + " ".join(words[at : at + n]))
