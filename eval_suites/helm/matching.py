"""Whether two short texts say the same, in HELM's ways: exactly, but for articles and punctuation, by words, by the
last number. All return a number from 0 to 1; nothing has no match.

Sources: Rajpurkar et al. 2016, arXiv:1606.05250 (normalization and F1, here over sets of words as in HELM); Cobbe et
al. 2021, arXiv:2110.14168 (final numbers).
"""

import re
import string

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NUMBER = re.compile(r"-?[\d,]+(?:.\d+)?")  # the dot stands for any character, as in HELM: "1/2" is one number


def normalized(text: str) -> str:
    """Returns a text in lower case, without punctuation and articles, with single blanks."""
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(gold: str, answer: str) -> float:
    """Whether two texts are equal but for blanks around them."""
    return float(bool(answer) and gold.strip() == answer.strip())


def quasi_exact_match(gold: str, answer: str) -> float:
    """Whether two texts are equal when they are normalized."""
    return float(bool(answer) and normalized(gold) == normalized(answer))


def prefix_exact_match(gold: str, answer: str) -> float:
    """Whether an answer begins with the right one."""
    return float(bool(answer) and answer.strip().startswith(gold.strip()))


def quasi_prefix_exact_match(gold: str, answer: str) -> float:
    """Whether an answer begins with the right one when both are normalized."""
    return float(bool(answer) and normalized(answer).startswith(normalized(gold)))


def f1_score(gold: str, answer: str) -> float:
    """Returns the harmonic mean of precision and recall over the different words of two normalized texts."""
    of_gold, of_answer = set(normalized(gold).split()), set(normalized(answer).split())
    shared = len(of_gold & of_answer)
    return 2 * shared / (len(of_gold) + len(of_answer)) if shared else 0.0


def exact_match_indicator(gold: str, answer: str) -> float:
    """Whether two texts end with the same word: what stands after the last blank. A break is no blank."""
    return exact_match(gold.split(" ")[-1].strip(), answer.split(" ")[-1].strip())


def final_number_exact_match(gold: str, answer: str) -> float:
    """Whether the last numbers of two texts are written alike, but for commas."""
    return exact_match(final_number(gold), final_number(answer))


def final_number(text: str) -> str:
    """Returns the last number of a text without commas; '' if there is none."""
    numbers = _NUMBER.findall(text)
    return str(numbers[-1]).replace(",", "").strip() if numbers else ""
