"""Scores of models as functions. The keyword arguments are fields of the section `score` of a recipe."""

from typing import TYPE_CHECKING, Any

from pomona.api.arguments import options_of, settings_of, split
from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing, open
from pomona.api.recipes import shown
from pomona.api.rows import Rows

if TYPE_CHECKING:
    from eval_suites.comparing import Comparison
    from eval_suites.standings import Standing
    from eval_suites.views import RunOfSuite


@reports_faults
def score(lake: LakeLike, model: str, name: str, **settings: Any) -> "RunOfSuite":
    """Scores a model on a `suite`, or on `tasks`: `shots`, `limit`, `chat`, `dtype`, ...; continues after a kill."""
    from eval_suites import views
    from eval_suites.family import FAMILY
    from pomona import command_line, making

    running, fields = split(settings)
    entry = settings_of(FAMILY.field, fields | {"model": model, "name": name})
    opened, options = open(lake), options_of(running)
    call = f"pomona.score(lake, {model!r}, {name!r}, ...)"
    with command_line.python_call(call), shown(running.get("progress")) as progress:
        list(making.score(opened, entry, report=progress, **options))
    return views.run(opened, making.score_id(opened, entry))


@reports_faults
def scores(lake: LakeLike) -> "Rows[RunOfSuite]":
    """Returns everything that was scored, the oldest first."""
    from eval_suites import views

    return Rows(views.runs(existing(lake)))


@reports_faults
def compare(lake: LakeLike, a: str, b: str) -> "Comparison":
    """Compares two scores over the items that both have: difference, interval and verdict for each task."""
    from eval_suites import comparing

    return comparing.compare(existing(lake), a, b)


@reports_faults
def leaderboard(lake: LakeLike, suite: str = "") -> "Rows[Standing]":
    """Ranks the models that were scored on a suite, with the ranks that the data support."""
    from eval_suites import standings

    return Rows(standings.leaderboard(existing(lake), suite))
