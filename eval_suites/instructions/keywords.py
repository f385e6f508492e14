"""Words and letters that a response must have, or must not have (IFEval's group `keywords`).

Case never counts. The published verifier reads words as regular expressions; here they are plain text, so that no word
can hang a run. No word of the published data set has a character for which this makes a difference.
"""

import re
from collections.abc import Sequence

from eval_suites.instructions.comparing import holds


def has_all(response: str, *, keywords: Sequence[str]) -> bool:
    """Returns whether each keyword occurs, be it inside a longer word: "intern" occurs in "international"."""
    return all(_anywhere(word).search(response) for word in keywords)


def has_often(response: str, *, keyword: str, frequency: int, relation: str) -> bool:
    """Returns whether a keyword occurs often enough, or seldom enough. Inside longer words it counts, too."""
    return holds(sum(1 for _ in _anywhere(keyword.strip()).finditer(response)), relation, frequency)


def has_none(response: str, *, forbidden_words: Sequence[str]) -> bool:
    """Returns whether no forbidden word occurs as a whole word: "bark" does not forbid "barking"."""
    return not any(re.search(rf"\b{re.escape(word)}\b", response, re.IGNORECASE) for word in forbidden_words)


def has_letters(response: str, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    """Returns whether a letter occurs often enough, or seldom enough.

    Two items of the published data set ask for "#" and "!". The published verifier takes a random letter in their
    place; here the character itself counts.
    """
    return holds(response.lower().count(letter.lower()), let_relation, let_frequency)


def _anywhere(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word), re.IGNORECASE)
