"""What `pomona prune` and `pomona distill` ask of a training run: both are runs, with another start or a teacher.

A run that is named by its checkpoint brings its mixture along, so that the smaller model reads what the larger one did.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.task import name_of


def pruned(lake: Lake, model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a run that prunes a model: a run of the lake, or a folder."""
    fields = dict(given)
    if taken := {"model", "after"} & fields.keys():
        raise UserError(f"prune: {sorted(taken)[0]} says again what is pruned, which is {model}; leave it out")
    folder, run = _found(lake, model)
    fields |= {"after": run} if run else {"model": model}
    asked = fields.get("units") if fields.get("keep") is None else fields["keep"]
    if asked is None:
        raise UserError("prune: say how many feed-forward units stay: keep, a share such as 0.33, or units, a number")
    return _with_defaults(lake, run, fields, _called(run or folder.name, lake), str(asked))


def distilled(lake: Lake, teacher: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a run that learns from a teacher: a run of the lake, or a folder."""
    fields = dict(given)
    if "teacher" in fields:
        raise UserError(f"distill: teacher is given twice: {teacher} and {fields['teacher']}; leave one out")
    folder, run = _found(lake, teacher)
    fields["teacher"] = run or teacher
    student = str(fields.get("after") or Path(str(fields.get("model") or "6M")).name)
    objective = [str(fields["objective"])] if "objective" in fields else []
    named = (_called(student, lake), "by", _called(run or folder.name, lake), *objective)
    return _with_defaults(lake, run, fields, *named)


def _found(lake: Lake, model: str) -> tuple[Path, str]:
    """Returns the folder of a model, and the id of its run if it is one of the lake."""
    from training.stages import checkpoint_of, find, is_run
    from training.steps import checkpoint

    folder = Path(model).expanduser()
    if folder.is_dir() and not is_run(lake, model):
        run = checkpoint_of(lake, model) or ""
        return folder, run if not run or run in _runs(lake) else ""
    if os.sep in model:
        raise UserError(f"model {model}: there is no such folder; name a run of the lake, or a folder with a model")
    run = find(lake, model)
    return checkpoint(lake, run), run


def _runs(lake: Lake) -> set[str]:
    return set(lake.scan("runs").select("run").collect()["run"]) if lake.exists("runs") else set()


def _with_defaults(lake: Lake, run: str, fields: dict[str, Any], *parts: str) -> dict[str, Any]:
    """Returns the fields with a mixture and a name, where none were given."""
    if run and "mixture" not in fields:
        rows = lake.scan("runs").select("run", "mixture").collect()
        fields["mixture"] = next(mixture for one, mixture in rows.iter_rows() if one == run)
    tokens = [str(fields["tokens"])] if fields.get("tokens") is not None else []
    return {"name": name_of(*parts, *tokens, f"seed{fields.get('seed', 0)}")} | fields


def _called(model: str, lake: Lake) -> str:
    """Returns the name of a run that is called by its id; any other name as it is."""
    rows = lake.scan("runs").select("run", "name").collect().rows() if lake.exists("runs") else []
    return next((str(name) for run, name in rows if run == model), model)
