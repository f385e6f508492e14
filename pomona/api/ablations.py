"""Studies of variants as functions. The keyword arguments are the fields of a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pomona.api.arguments import options_of, settings_of, split
from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing
from pomona.api.recipes import shown
from pomona.api.rows import Rows

if TYPE_CHECKING:
    from pomona.ablation.views import AblationView


@reports_faults
def ablate(lake: LakeLike, study: "str | Path | None" = None, **settings: Any) -> "AblationView":
    """Trains variants at several seeds and compares them: a study's YAML file, or its fields (`variants`, `baseline`,
    ...); continues after a kill."""
    from pomona import command_line, making
    from pomona.ablation import files, views
    from pomona.ablation.family import FAMILY

    running, fields = split(settings)
    if study is not None and fields:
        raise TypeError(f"a study is a file or its fields, not both: {', '.join(sorted(fields))}")
    entry = settings_of(FAMILY.field, fields) if study is None else files.read(str(study))[1]
    opened, options = existing(lake), options_of(running)
    with command_line.python_call("pomona.ablate(lake, ...)"), shown(running.get("progress")) as progress:
        list(making.ablation(opened, entry, report=progress, **options))
    return views.study(opened, making.ablation_id(opened, entry))


@reports_faults
def ablations(lake: LakeLike) -> "Rows[AblationView]":
    """Returns all studies of variants, the oldest first."""
    from pomona.ablation import views

    return Rows(views.studies(existing(lake)))
