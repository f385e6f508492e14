"""How scores of items become the score of a task, where lm-eval has no function for it."""

from collections.abc import Sequence


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Returns the sum of the first numbers over the sum of the second ones, e.g. instructions that were followed over
    all instructions. NaN for no items."""
    total = sum(weight for _, weight in pairs)
    return sum(value for value, _ in pairs) / total if total else float("nan")
