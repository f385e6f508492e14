"""Suites: which tasks, with how many examples, in which form, and what counts. One YAML file each, beside this one.

A suite names tasks of lm-eval, or of ours (eval_suites/tasks). Its version is raised when its numbers would change.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus import yaml_text
from corpus.errors import UserError, unknown
from corpus.model_errors import of_file

_FOLDER = Path(__file__).parent
Format = Literal["letters", "cloze", "text", "generation", "pairs"]


class Task(BaseModel):
    """A task of a suite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Annotated[str, Field(description="Name of a task or group of lm-eval, or of ours")]
    in_chat: Annotated[
        str | None,
        Field(description="The task that is asked in its place through a chat template; the same by default"),
    ] = None
    shots: Annotated[
        int | None, Field(ge=0, le=1000, description="Examples before the question; the task's own number by default")
    ] = None
    metric: Annotated[str, Field(description="The metric that counts; the task's first one by default")] = ""
    baseline: Annotated[float, Field(description="What guessing scores")] = 0.0
    format: Annotated[Format | None, Field(description="How an answer is given: a letter, a text, ...")] = None
    cluster: Annotated[str, Field(description="Field that items with a common passage share; '' for none")] = ""
    of_group: Annotated[
        Literal["items", "tasks"],
        Field(description="The score of a group: the mean over all items, or the mean of its tasks' scores"),
    ] = "items"
    data: Annotated[
        dict[str, str], Field(description="Local files by split, as patterns below the folder of --data")
    ] = Field(default_factory=dict)


class Suite(BaseModel):
    """Some tasks with what counts of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: Annotated[int, Field(ge=1)] = 1
    about: str
    source: Annotated[str, Field(description="Where its choices come from")] = ""
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]

    def in_chat(self) -> "Suite":
        """Returns the suite as it is asked through a chat template."""
        tasks = [one.model_copy(update={"task": one.in_chat or one.task, "in_chat": None}) for one in self.tasks]
        return self.model_copy(update={"tasks": tuple(tasks)})


@cache
def names() -> tuple[str, ...]:
    """Returns the names of all suites."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load(name: str) -> Suite:
    """Returns a suite, by its name or by the path of a YAML file; raises `UserError` if there is no good one."""
    path = Path(name).expanduser()
    if name in names():
        path = _FOLDER / f"{name}.yaml"
    elif path.suffix not in (".yaml", ".yml") or not path.is_file():
        raise unknown("suite", name, names())
    value, node = yaml_text.read(path.read_text(), str(path))
    if not isinstance(value, dict):
        raise UserError(f"{path} does not hold a suite: it needs about and tasks")
    try:
        return Suite.model_validate({"name": path.stem} | value)
    except ValidationError as error:
        raise UserError(of_file(error, node, str(path), Suite)) from error


def of_tasks(tasks: tuple[str, ...], shots: int | None = None) -> Suite:
    """Returns a suite of some tasks, for a command that names them. What suites know of a task is known here, too."""
    several = [suite for name in reversed(names()) for suite in (load(name).in_chat(), load(name))]
    known = {one.task: one for suite in several for one in suite.tasks}
    chosen = []
    for name in tasks:
        like = known.get(name)
        about = {} if like is None else {"baseline": like.baseline, "cluster": like.cluster, "data": like.data}
        chosen.append(Task.model_validate({"task": name, "shots": shots} | about))
    return Suite(name="-", about="tasks of a command", tasks=tuple(chosen))
