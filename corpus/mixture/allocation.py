"""How many tokens each group of a mixture gets, and how often its documents are repeated for that.

A group that has fewer tokens than its share is a shortage. It is an error, unless the user allows repeats: a mixture
never has other proportions than it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from corpus.errors import UserError
from corpus.mixture.settings import MOST_EPOCHS, Mixture
from corpus.sizes import count_text

_MOST_NAMED = 5  # groups that an error names


class ShortageError(UserError):
    """A group has fewer tokens than its share."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a group gets."""

    weight: float  # share of the mixture's tokens
    tokens: float  # that it gets, repeats included
    epochs: float  # tokens that it gets / tokens that it has


def allocate(mixture: Mixture, available: Mapping[str, int]) -> dict[str, Share]:
    """Returns each group's share, given the tokens that each has to train on; raises `UserError` for a shortage."""
    weights = shares(mixture, available)
    most = {group: mixture.cap(group) * available[group] / weight for group, weight in weights.items()}
    budget = mixture.tokens if mixture.tokens is not None else _as_many(mixture, weights, most)

    short = sorted((g for g, w in weights.items() if w * budget > mixture.cap(g) * available[g] * (1 + 1e-9)),
                   key=lambda g: most[g])  # fmt: skip
    if short:
        named = ", ".join(_shortage(g, weights[g] * budget, available[g]) for g in short[:_MOST_NAMED])
        epochs = max(weights[g] * budget / available[g] for g in short)
        change = "or change the weights"
        if epochs <= MOST_EPOCHS:
            change = f"change the weights, or allow repeats: max_epochs {_rounded_up(epochs):g}"
        raise ShortageError(
            f"mixture {mixture.name!r} is short of text: {named}. "
            f"Ask for at most {count_text(int(min(most.values())))} tokens, {change}"
        )
    return {group: Share(w, w * budget, w * budget / available[group]) for group, w in weights.items()}


def shares(mixture: Mixture, available: Mapping[str, int]) -> dict[str, float]:
    """Returns the weight of each group that the mixture has, adding up to 1; raises `UserError` for unknown groups."""
    if mixture.weights:
        wanted = {group: weight for group, weight in mixture.weights.items() if weight > 0}
        missing = [group for group in wanted if not available.get(group)]
        if missing:
            known = ", ".join(sorted(group for group, tokens in available.items() if tokens)[:30]) or "none"
            raise UserError(
                f"mixture {mixture.name!r} has no kept document to train on in {missing[0]!r}, which has a weight. "
                f"Groups by {mixture.by} that have some: {known}"
            )
    else:
        power = 1 / (mixture.temperature or 1.0)
        most = max(available.values(), default=0)
        wanted = {group: (tokens / most) ** power for group, tokens in available.items() if tokens}
    if not sum(wanted.values()):
        raise UserError(f"mixture {mixture.name!r} is empty: no kept document is in it; see its weights and predicates")
    total = sum(wanted.values())
    return {group: weight / total for group, weight in wanted.items()}


def _as_many(mixture: Mixture, weights: Mapping[str, float], most: Mapping[str, float]) -> float:
    """Returns the most tokens that the weights allow. Without weights, it is each document once."""
    if not mixture.weights and mixture.temperature is None:
        return min(most[group] / max(mixture.cap(group), 1.0) for group in weights)
    return min(most.values())


def _shortage(group: str, wanted: float, has: int) -> str:
    return f"{group!r} has {count_text(has)} tokens of {count_text(int(wanted))} ({wanted / has:.3g} epochs)"


def _rounded_up(epochs: float) -> float:
    """Rounds up to two digits after the point, so that the value that a message proposes is enough."""
    return int(epochs * 100 + 1) / 100
