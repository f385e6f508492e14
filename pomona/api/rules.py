"""Settings of the filter held against each other, without running anything."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pomona.api.lakes import LakeLike, existing

if TYPE_CHECKING:
    from filters.views import Comparison, Sweep


def compare_rules(lake: LakeLike, a: str, b: str, samples: int = 5) -> "Comparison":
    """The documents that change sides between two settings, and the rules that move them.

    Settings are one line of rule sets and limits, as `gopher_quality,gopher_quality.min_words=30`, or a recipe's path.
    """
    from filters import views
    from pomona.recipe.rules import settings

    return views.compare(existing(lake), settings(a), settings(b), samples)


def sweep_rule(
    lake: LakeLike, rule: str, others: str | None = None, points: int = 15, at: Sequence[float] = ()
) -> "Sweep":
    """Documents and words that stay at some limits of a rule: `at` these, or at `points` quantiles of its signal.

    `others` are the other rules in force, as in `compare_rules`.
    """
    from filters import views
    from pomona.recipe.rules import settings

    return views.sweep(existing(lake), rule, settings(others) if others else None, points, at)
