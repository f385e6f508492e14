"""Functions that compare settings of the filter without running a stage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing

if TYPE_CHECKING:
    from filters.views import Comparison, Sweep


@reports_faults
def compare_rules(lake: LakeLike, a: str, b: str, samples: int = 5) -> "Comparison":
    """Returns the documents that only one of two settings keeps, and the rules that make the difference.

    Settings are one line of rule sets and limits, e.g. `gopher_quality,gopher_quality.min_words=30`, or the path of a
    recipe.
    """
    from filters import views
    from pomona.recipe.rules import settings

    return views.compare(existing(lake), settings(a), settings(b), samples)


@reports_faults
def sweep_rule(
    lake: LakeLike, rule: str, others: str | None = None, points: int = 15, at: Sequence[float] = ()
) -> "Sweep":
    """Counts kept documents and words for some limits of a rule: those in `at`, or `points` quantiles of its signal.

    `others` are the other rules in force, as in `compare_rules`.
    """
    from corpus.errors import UserError
    from filters import views
    from pomona.recipe.rules import settings

    if isinstance(at, str) or not all(isinstance(limit, (int, float)) for limit in at):
        raise UserError(f"at takes numbers, as at=[20, 50, 100]; got {at!r}")
    return views.sweep(existing(lake), rule, settings(others) if others else None, points, at)
