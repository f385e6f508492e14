"""Functions for complete recipes: run one, list its stages that are up to date, and estimate the others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, open
from pomona.api.rows import Rows

if TYPE_CHECKING:
    from corpus.lake import Lake
    from pomona.recipe import Recipe as _Recipe
    from pomona.runner import Outcome
    from pomona.state import Status
    from pomona.workload import Work

RecipeLike: TypeAlias = Union["_Recipe", Mapping[str, Any], str, Path]


def Recipe(**sections: Any) -> "_Recipe":  # noqa: N802 - it makes what it is called
    """Returns a recipe of these sections, e.g. sources=[...], filter={...}; raises `UserError` that names the field."""
    return _recipe(sections)


@dataclass(frozen=True, slots=True, repr=False)
class Ran:
    """The result of a run: one outcome per stage."""

    lake: "Lake"
    outcomes: "tuple[Outcome, ...]"

    def __repr__(self) -> str:
        from pomona import output, summary

        return output.visible(summary.table(self.outcomes))


@reports_faults
def run(
    recipe: RecipeLike,
    lake: LakeLike | None = None,
    *,
    workers: int | None = None,
    memory: str | int | None = None,
    executor: str = "local",
    progress: bool | None = None,
) -> Ran:
    """Runs a recipe: a YAML file, a `pomona.Recipe`, or a dict of its sections.

    Current stages are skipped, and a killed stage continues. `lake` replaces the recipe's. `memory` is what all workers
    together may use, e.g. "8GB". `progress` shows bars, by default in a terminal or a notebook. Raises `UserError`.
    """
    from pomona import command_line, runner

    loaded = _recipe(recipe)
    opened = open(loaded.lake if lake is None else lake)
    call = f"pomona.run({str(recipe)!r})" if isinstance(recipe, (str, Path)) else "pomona.run(...)"
    with command_line.python_call(call), shown(progress) as report:
        options = how(workers, memory, executor)
        return Ran(opened, tuple(runner.run_recipe(opened, loaded, report=report, **options)))


@reports_faults
def status(recipe: RecipeLike, lake: LakeLike | None = None) -> "Rows[Status]":
    """Says which stages of a recipe are current, stale or missing, and why."""
    from pomona import state

    loaded = _recipe(recipe)
    return Rows(state.status(open(loaded.lake if lake is None else lake), loaded))


@reports_faults
def plan(
    recipe: RecipeLike, lake: LakeLike | None = None, *, workers: int | None = None, memory: str | int | None = None
) -> "Rows[Work]":
    """Estimates the work of a recipe that is left: items, minutes, memory and disk of each stage."""
    from pomona import runner, workload

    loaded = _recipe(recipe)
    options = how(workers, memory, "local")
    opened = open(loaded.lake if lake is None else lake)
    return Rows(workload.workload(opened, loaded, workers or runner.default_workers(), options["memory"]))


def how(workers: int | None, memory: str | int | None, executor: str) -> dict[str, Any]:
    """Returns the arguments of `pomona.runner`; raises `UserError` for an invalid size or engine."""
    from corpus.errors import UserError
    from pomona.opening import running

    if workers is not None and not (isinstance(workers, int) and workers >= 1):
        raise UserError(f"workers must be a whole number of 1 or more, got {workers!r}")
    return running(workers, None if memory is None else str(memory), executor, memory_name="memory")


@contextmanager
def shown(progress: bool | None) -> Iterator[Any]:
    """Shows progress bars if they are requested; by default, in a terminal or a notebook."""
    import sys

    from pomona import output

    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not progress:
        yield None
        return
    with output.progress() as report:
        yield report


def _recipe(recipe: RecipeLike) -> "_Recipe":
    """Reads the recipe of a file or a dict, or checks a given one; raises `UserError` for an invalid recipe."""
    from pydantic import ValidationError

    from corpus.errors import UserError
    from corpus.model_errors import of_fields
    from pomona.recipe import BaseRecipe, load, mistakes, model

    if isinstance(recipe, (str, Path)):
        return load(recipe)
    if isinstance(recipe, Mapping):
        try:
            recipe = model().model_validate(dict(recipe))
        except ValidationError as error:
            raise UserError(f"recipe: {of_fields(error, model())}") from error
    if not isinstance(recipe, BaseRecipe):
        raise UserError(f"a recipe is a path, a dict or a pomona.Recipe, not {type(recipe).__name__}")
    for place, mistake in mistakes(recipe):
        raise UserError(f"recipe: {place}: {mistake}") from mistake
    return recipe
