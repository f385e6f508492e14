"""Limits of rules for languages that are written without blanks, where each letter counts as a word.

Published limits count words as a segmenter finds them; here, each letter is a word (corpus.text.words). A word of a
segmenter has 1.65 letters in Chinese (Emerson 2005, "The Second International Chinese Word Segmentation Bakeoff":
1.83 M characters, 1.11 M words of PKU's corpus). For the other languages the number is an estimate. So limits are
converted:

- A limit in words becomes a limit in letters.
- A limit on n-grams of n letters is the published limit for n-grams of as many words as these letters make. It is off
  if no limit is published for n-grams of so few words.

Source of the limits: FineWeb 2, Penedo et al. 2025, arXiv:2506.20920, the configurations `cmn_Hani`, `jpn_Jpan`,
`tha_Thai` and `khm_Khmr`. Cantonese and Wu take the limits of Chinese, Lao and Burmese those of Thai. Rules that are
not named here have Gopher's limits, as in any language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from filters.rules import Limit

_TOP, _DUPLICATE = (2, 3, 4), (5, 6, 7, 8, 9, 10)  # n-grams that have limits


@dataclass(frozen=True, slots=True)
class _Published:
    """A language's limits, for words."""

    letters: float  # letters per word
    alpha_words: float  # least share of words with a letter
    duplicate_lines: float  # greatest share of duplicate lines
    top: tuple[float, ...]  # greatest share of characters in the top n-gram of 2, 3 and 4 words
    duplicate: tuple[float, ...]  # greatest share of characters in duplicate n-grams of 5 to 10 words
    newlines: float  # most line ends per word
    terminal_lines: float  # least share of lines that end a sentence


_PUBLISHED = {
    "zh": _Published(
        1.65, 0.735, 0.287, (0.256, 0.201, 0.171), (0.198, 0.182, 0.167, 0.154, 0.14, 0.127), 0.178, 0.106
    ),
    "ja": _Published(
        1.7, 0.759, 0.375, (0.121, 0.129, 0.145), (0.307, 0.283, 0.264, 0.248, 0.234, 0.223), 0.162, 0.167
    ),
    "th": _Published(3.0, 0.9, 0.349, (0.221, 0.197, 0.162), (0.185, 0.168, 0.152, 0.137, 0.124, 0.111), 0.153, 0.0),
    "km": _Published(3.0, 0.905, 0.92, (0.165, 0.225, 0.242), (0.197, 0.168, 0.148, 0.126, 0.107, 0.094), 0.667, 0.077),
}
_LIKE = {"yue": "zh", "wuu": "zh", "lo": "th", "my": "th"}


@lru_cache(maxsize=1)
def limits() -> Mapping[str, Mapping[str, Limit]]:
    """Returns, for each language (ISO 639), the limits by rule that differ from the rule's own limit; None is off."""
    own = {language: _limits(published) for language, published in _PUBLISHED.items()}
    return own | {language: own[other] for language, other in _LIKE.items()}


def _limits(published: _Published) -> dict[str, Limit]:
    """Returns the converted limits by the rule's full name."""
    letters = published.letters
    # Each word with a letter becomes `letters` words; each other word stays one.
    alpha = published.alpha_words * letters / (published.alpha_words * letters + 1 - published.alpha_words)

    converted: dict[str, Limit] = {
        "gopher_quality.min_words": round(50 * letters),
        "gopher_quality.max_words": round(100_000 * letters),
        "gopher_quality.min_mean_word_length": None,
        "gopher_quality.max_hash_to_word_ratio": round(0.1 / letters, 3),
        "gopher_quality.max_ellipsis_to_word_ratio": round(0.1 / letters, 3),
        "gopher_quality.min_alpha_word_fraction": round(alpha, 3),
        "gopher_quality.min_stop_words": None,
        "gopher_repetition.max_duplicate_line_fraction": published.duplicate_lines,
        "fineweb.min_terminal_punctuation_line_fraction": published.terminal_lines,
        "fineweb.max_short_line_fraction": None,
        "fineweb.max_newline_to_word_ratio": round(published.newlines / letters, 3),
        "c4.min_sentences": None,
    }

    for n in _TOP:
        converted[f"gopher_repetition.max_top_{n}_gram_character_fraction"] = _between(n / letters, 2, published.top)
    for n in _DUPLICATE:
        name = f"gopher_repetition.max_duplicate_{n}_gram_character_fraction"
        converted[name] = _between(n / letters, 5, published.duplicate)
    return converted


def _between(n_words: float, first: int, published: tuple[float, ...]) -> float | None:
    """Returns the limit for n-grams of `n_words` words, which need not be a whole number.

    It is interpolated between the published limits for n-grams of `first`, `first` + 1, ... words. It is None, off, for
    shorter n-grams.
    """
    if n_words < first - 0.2:  # 8 letters of Chinese are 4.85 words, which count as 5
        return None

    place = min(max(n_words - first, 0.0), len(published) - 1.0)
    below = int(place)
    above = min(below + 1, len(published) - 1)
    return round(published[below] + (place - below) * (published[above] - published[below]), 3)
