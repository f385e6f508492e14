"""What an answer scores, under HELM's names of metrics. Where several answers are right, the best match counts.

`parsed` says whether an answer could be read at all: whether it is a letter, holds a number, or a box.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eval_suites.helm import bleu, matching, math_answers
from eval_suites.helm.instances import letter

Match = Callable[[str, str], float]

_EXACT: tuple[Match, ...] = (
    matching.exact_match, matching.quasi_exact_match, matching.prefix_exact_match, matching.quasi_prefix_exact_match,
)  # fmt: skip
_WORDS: tuple[Match, ...] = (matching.exact_match, matching.quasi_exact_match, matching.f1_score)


def choice(row: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """Scores a letter: the text that stands under it has to be right."""
    choices = row["choices"]
    under = {letter(place): text for place, text in enumerate(choices)}
    text = under.get(answers[0].strip())
    return _best(_EXACT, row, text or "") | {"parsed": float(text is not None)}


def label(row: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """Scores a label."""
    return _best(_EXACT, row, answers[0].strip())


def words(row: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """Scores a short text by its words."""
    return _best(_WORDS, row, answers[0].strip())


def translation(row: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """Scores a translated sentence."""
    return _best((*_WORDS, bleu.bleu_4), row, answers[0].strip())


def last_number(row: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """Scores a solution whose last number is the answer."""
    answer = answers[0].strip()
    scores = _best((matching.exact_match_indicator, matching.final_number_exact_match), row, answer)
    return scores | {"parsed": float(bool(matching.final_number(answer)))}


def box(row: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    r"""Scores a solution whose answer stands in a \boxed{}."""
    answer = answers[0].strip()
    best = max(math_answers.same_answer(one, answer) for one in row["correct"])
    return {"math_equiv_chain_of_thought": best, "parsed": float(math_answers.boxed(answer) is not None)}


def _best(matches: Sequence[Match], row: Mapping[str, Any], answer: str) -> dict[str, float]:
    return {one.__name__: max(one(right, answer) for right in row["correct"]) for one in matches}
