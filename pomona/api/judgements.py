"""Judgments as functions. The keyword arguments are fields of the section `judge` of a recipe."""

from typing import TYPE_CHECKING, Any

from pomona.api.arguments import options_of, settings_of, split
from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing, open
from pomona.api.recipes import shown
from pomona.api.rows import Rows

if TYPE_CHECKING:
    from eval_suites.judges.views import StudyView


@reports_faults
def judge(lake: LakeLike, a: str, b: str | None = None, *, judge: str, name: str, **settings: Any) -> "StudyView":
    """Lets a judge compare answers of `a` and `b`, or grade those of `a`: `prompts`, `mode`, ...; continues after a
    kill."""
    from eval_suites.judges import views
    from eval_suites.judges.family import FAMILY
    from pomona import command_line, making

    running, fields = split(settings)
    entry = settings_of(FAMILY.field, fields | {"a": a, "b": b, "judge": judge, "name": name})
    opened, options = open(lake), options_of(running)
    call = f"pomona.judge(lake, {a!r}, {b!r}, ...)"
    with command_line.python_call(call), shown(running.get("progress")) as progress:
        list(making.judge(opened, entry, report=progress, **options))
    return views.study(opened, making.study_id(opened, entry))


@reports_faults
def studies(lake: LakeLike) -> "Rows[StudyView]":
    """Returns everything that was judged, the oldest first."""
    from eval_suites.judges import views

    return Rows(views.studies(existing(lake)))
