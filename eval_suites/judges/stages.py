"""Plans a study. Its id is a hash of all that the verdicts depend on: the answers, the judge, the settings."""

from hashlib import file_digest
from pathlib import Path
from typing import Any

from corpus import artifacts
from corpus.errors import UserError
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from eval_suites.chosen import Chosen
from eval_suites.judges import questions, sides
from eval_suites.judges.settings import Judge
from eval_suites.judges.steps import KIND, JudgeStep, Judging

VERSION = 1  # raise it when the same answers, judge and settings would give other verdicts
_TABLES = ("studies", "judged", "judgements")


def judge(context: Context[Judge]) -> Stage:
    """Plans one study."""
    lake, settings = context.lake, context.settings
    keys: dict[str, Any] = {}
    models: dict[str, str] = {}
    for side, name in (("a", settings.a), ("b", settings.b), ("judge", settings.judge)):
        if name is not None and side != "judge" and sides.is_file(name):
            keys[side] = _file(name)
        elif name is not None and side != "judge" and Path(name).suffix in sides.SUFFIXES:
            raise UserError(f"{name}: there is no such file of answers")
        elif name is not None:
            chosen = Chosen.of(context, name)
            keys[side], models[name] = chosen.key, chosen.folder

    made_from = {
        **keys,
        "prompts": _file(settings.prompts),
        "settings": settings.that_change_results(),
        "questions": questions.VERSION,
        "version": VERSION,
    }
    key = digest(made_from)
    identity = digest([key, settings.name])
    artifact = artifacts.Artifact(kind=KIND, key=key, stage=f"judge:{settings.name}", made_from=made_from)
    names = (settings.name, settings.a, settings.b or "", settings.judge)
    return Stage(
        name=f"judge:{settings.name}",
        outputs=tuple(output(table, f"judge-{identity}") for table in _TABLES),
        config={"name": settings.name, "a": settings.a, "b": settings.b, "judge": settings.judge}
        | settings.that_change_results(),
        inputs={**keys, "prompts": made_from["prompts"], "questions": questions.VERSION},
        version=VERSION,
        step=JudgeStep(lake, identity, key, *names, settings.kind),
        plan_items=lambda: [WorkItem(digest([identity]), settings.name, 1, All())],
        prepare=Judging(lake, artifact, settings, models),
        is_prepared=lambda: artifacts.has(lake, KIND, key),
        in_process=True,
        facts={"study": identity},
    )


def _file(name: str | None) -> str:
    """Returns a hash of a file's content; '' without one, or if there is no such file, which the step will say."""
    path = Path(name or "").expanduser()
    if name is None or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
