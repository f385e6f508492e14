"""Plans a score. Its id is a hash of all that the numbers depend on: the model, the suite, the settings."""

import os
from pathlib import Path
from typing import Any

from corpus import artifacts
from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from eval_suites import contamination, suites
from eval_suites.models.endpoint.address import Address, is_address
from eval_suites.settings import Score
from eval_suites.steps import KIND, Scorer, ScoreStep
from eval_suites.suites import Suite
from training.fingerprint import fingerprint

VERSION = 1  # raise it when the same model, suite and settings would give other numbers
_TABLES = ("score_runs", "scores", "item_scores", "answers")


def score(context: Context[Score]) -> Stage:
    """Plans one score."""
    lake, settings = context.lake, context.settings
    suite = suite_of(settings)
    model = _Model.of(context)

    made_from = {
        "model": model.key,
        "suite": suite.model_dump(mode="json", exclude={"about"}),
        "settings": settings.that_change_results(),
        "tasks": _files(settings.tasks_path),
        "data": _sizes(settings.data),
        "against": _against(lake, settings.against),
        "version": VERSION,
    }
    key = digest(made_from)
    identity = digest([key, settings.name])  # the same numbers under another name stay under both
    mixtures = contamination.mixtures_of(lake, model.run)
    touched = contamination.content(lake, mixtures)

    artifact = artifacts.Artifact(kind=KIND, key=key, stage=f"score:{settings.name}", made_from=made_from)
    return Stage(
        name=f"score:{settings.name}",
        outputs=tuple(output(table, f"score-{identity}") for table in _TABLES),
        config={"name": settings.name, "model": settings.model} | settings.that_change_results(),
        inputs={
            "model": model.key,
            "suite": digest(made_from["suite"]),
            "tasks": made_from["tasks"],
            "touched": touched,
            "data": made_from["data"],
            "against": made_from["against"],
        },
        version=VERSION,
        step=ScoreStep(lake, identity, key, settings.name, settings.model, model.run, model.tokens, tuple(mixtures)),
        plan_items=lambda: [WorkItem(digest([identity, touched]), settings.name, 1, All())],
        prepare=Scorer(lake, artifact, settings, suite, model.folder),
        is_prepared=lambda: artifacts.has(lake, KIND, key),
        in_process=True,
        facts={"score": identity},
    )


def suite_of(settings: Score) -> Suite:
    """Returns the suite that is scored."""
    if settings.tasks:
        return suites.of_tasks(settings.tasks, settings.shots)
    return suites.load(settings.suite or "offline")


class _Model:
    """The model that is scored."""

    def __init__(self, folder: str, key: str, run: str = "", tokens: int | None = None) -> None:
        self.folder, self.key, self.run, self.tokens = folder, key, run, tokens

    @classmethod
    def of(cls, context: Context[Score]) -> "_Model":
        """Finds a model: behind an endpoint, a run of the recipe or of the lake, or a folder."""
        lake, name = context.lake, context.settings.model
        if is_address(name):
            address = str(Address.of(name))
            return cls(address, digest(["endpoint", address]))
        run = _planned(context, name) or _of_lake(lake, name)
        if run:
            folder = f"{lake.root}/{artifacts.FOLDER}/checkpoint/{run}"
            return cls(folder, run, run, _tokens(lake, run))
        path = Path(name).expanduser()
        if not path.exists():
            known = _names(lake)
            raise (
                unknown("model", name, known)
                if known and os.sep not in name
                else UserError(f"model {name}: there is no such folder, and the lake has no run of that name")
            )
        return cls(name, fingerprint(path if path.is_dir() else path.parent))


def _planned(context: Context[Score], name: str) -> str:
    """Returns the id of a run of the recipe."""
    entries = {one.name: one for one in context.others.get("train", ())}
    if name not in entries:
        return ""
    from training import stages as training

    return training.run_of(context, entries[name])


def _of_lake(lake: Lake, name: str) -> str:
    """Returns the id of a run of the lake: by its checkpoint's folder, its name, its id, or the first digits of it."""
    from training import stages as training

    if Path(name).expanduser().is_dir():
        return training.checkpoint_of(lake, name) or ""
    try:
        return training.find(lake, name) if os.sep not in name else ""
    except UserError:
        return ""


def _names(lake: Lake) -> list[str]:
    return sorted(set(lake.scan("runs").select("name").collect()["name"])) if lake.exists("runs") else []


def _tokens(lake: Lake, run: str) -> int | None:
    """Returns the tokens that a run and those before it were trained on."""
    from training import stages as training

    return sum(int(row["tokens"]) for row in training.chain(lake, run)) or None


def _against(lake: Lake, score: str | None) -> str:
    """Returns the id of the score that is compared with; '' if it does not exist yet."""
    from eval_suites import views

    if score is None:
        return ""
    try:
        return views.run(lake, score).score
    except UserError:
        return ""


def _sizes(folder: str | None) -> Any:
    """Returns a hash of names, sizes and times of a folder's files."""
    path = Path(folder or "").expanduser()
    if folder is None or not path.is_dir():
        return ""
    stats = ((one.name, one.stat()) for one in sorted(path.iterdir()) if one.is_file())
    return digest([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])


def _files(folder: str | None) -> Any:
    """Returns a hash of the files of a folder of tasks."""
    if folder is None:
        return ""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UserError(f"tasks_path {folder}: there is no such folder")
    files = sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml", ".py") and one.is_file())
    return digest([[str(one.relative_to(path)), digest(one.read_text(errors="replace"))] for one in files])
