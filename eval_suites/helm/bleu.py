"""BLEU-4 of one sentence as HELM computes it: the share of its runs of four words that the reference has, times a
penalty for a short answer. A score of a task is the mean over sentences, not the BLEU of a corpus.

HELM gives the runs of one to three words no weight. Words are those of NLTK, which cuts texts into sentences with the
model `punkt_tab`; where that is missing there is no score rather than another one.

Source: Papineni et al. 2002, ACL 2002:311.
"""

import math
from collections import Counter
from collections.abc import Sequence

from corpus import hub
from corpus.errors import UserError

_N = 4
_MODEL = "tokenizers/punkt_tab/english/"
_MOST = 20_000  # characters that are looked at: what a text of a task never has, and what bounds the work


def bleu_4(gold: str, answer: str) -> float:
    """Returns the BLEU-4 of an answer, from 0 to 1, without smoothing."""
    return of_words(words(gold), words(answer))


def of_words(gold: Sequence[str], answer: Sequence[str]) -> float:
    """Returns the BLEU-4 of an answer that is cut into words."""
    runs, wanted = _runs(answer), _runs(gold)
    matched = sum(min(n, wanted[run]) for run, n in runs.items())
    if not matched:
        return 0.0
    penalty = 1.0 if len(answer) > len(gold) else math.exp(1 - len(gold) / len(answer))
    return penalty * matched / runs.total()


def words(text: str) -> list[str]:
    """Returns the words of a text as NLTK cuts it."""
    from nltk.tokenize import word_tokenize

    return list(word_tokenize(text[:_MOST]))


def prepare() -> None:
    """Fetches NLTK's model if it is not here; raises `UserError` if it cannot be had."""
    import nltk

    if _is_here() or (not hub.offline_if_unreachable() and nltk.download("punkt_tab", quiet=True) and _is_here()):
        return
    raise UserError(
        "BLEU-4 needs NLTK's model punkt_tab, which is not on this machine: `python -m nltk.downloader punkt_tab` "
        "where there is a network, and NLTK_DATA names its folder"
    )


def _is_here() -> bool:
    import nltk

    try:
        nltk.data.find(_MODEL)
    except LookupError:
        return False
    return True


def _runs(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + _N]) for at in range(len(words) - _N + 1))
