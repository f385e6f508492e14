"""What each variant of a study is: its mixture, its runs, and its recipe. Mistakes are found before anything is run."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus import yaml_text
from corpus.errors import UserError, unknown
from corpus.mixture.settings import Mixture
from corpus.model_errors import of_fields
from corpus.settings import NAME
from corpus.task import digest
from pomona import recipe
from pomona.ablation.settings import POINT, SEARCHED, WITHOUT, Study
from pomona.recipe import Recipe, paths
from pomona.recipe.model import model as recipe_model
from training.plan import units_of
from training.settings import Run
from training.shape import named

_OF_STUDY = {"name", "tokens", "seed", "held_out", "leave_out"}  # of a mixture: what the study itself sets
_OF_RUNS = {"name", "mixture", "model", "after", "tokens", "seed", "held_out", "evaluations", "last_evaluations",
            "evaluation_tokens"}  # fmt: skip
_OF_STUDENTS = {"units", "keep", "teacher", "teacher_share", "teacher_ids", "objective", "mask_epsilon",
                "mask_learning_rate", "after"}  # fmt: skip
_NO_SECTIONS = {"lake", "sources", "mixtures", "train", "score", "judge", "ablations"}
_FEWEST_GROUPS = 2
_MORE_THAN_GROUPS = 3  # runs of a search


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant, with everything that differs resolved."""

    name: str
    mixture: Mapping[str, Any]  # fields of its mixtures
    train: Mapping[str, Any]  # fields of its runs
    recipe: Mapping[str, Any] = field(default_factory=dict)  # sections with the fields that change
    before: tuple[Mapping[str, Any], ...] = ()  # fields of the runs that lead to the one that is compared
    without: str = ""  # group of the baseline that it leaves out; '' for any other variant
    same_as: str = ""  # an earlier variant that is the same; '' for none
    shift: int = 0  # how many earlier variants are the same: their seeds differ, so that no two runs are one

    def seed(self, seed: int) -> int:
        """Returns the seed that stands for one of the study's."""
        return int(digest([seed, self.shift])[:7], 16) if self.shift else seed

    def mixture_of(self, name: str, seed: int, tokens: int) -> Mixture:
        """Returns its mixture for a seed."""
        values = {"tolerance": 0.25} | dict(self.mixture)
        return Mixture.model_validate(values | {"name": name, "seed": self.seed(seed), "tokens": tokens, "held_out": 0})

    def run_of(self, name: str, model: str, seed: int, tokens: int) -> Run:
        """Returns its run for a seed, where the study's own runs have the names that the study gives them."""
        own = {"name": name, "mixture": name, "tokens": tokens, "seed": self.seed(seed)}
        start = {} if self.train.get("after") else {"model": model}
        return Run.model_validate(dict(self.train) | own | start)


def in_units(run: Run, size: str) -> Run:
    """Returns a run of a study with the units that it keeps as a number: a share is one of what the size has that its
    chain begins with, so that a run after one that has cut them keeps all."""
    if run.keep is None:
        return run
    return run.model_copy(update={"keep": None, "units": units_of(run, named(size, 1))})


def variants(study: Study) -> list[Variant]:
    """Returns all variants, the baseline first; raises `UserError` that names a variant and what is wrong with it."""
    given = {study.baseline: study.variants[study.baseline]} | study.variants
    resolved = [_variant(study, name, fields or {}) for name, fields in given.items()]
    if study.leave_one_out:
        resolved += _without_each(study, resolved[0], taken=set(given))
    if taken := [name for name in given if name == SEARCHED or name.startswith(POINT)]:
        raise UserError(f"variant {taken[0]!r}: a search gives names like this to its own runs; choose another one")
    if study.search and len(resolved[0].mixture.get("weights") or {}) < _FEWEST_GROUPS:
        raise UserError(f"search: the baseline {study.baseline!r} needs weights of two groups or more")

    if study.search and study.search.runs < len(resolved[0].mixture["weights"]) + _MORE_THAN_GROUPS:
        least = len(resolved[0].mixture["weights"]) + _MORE_THAN_GROUPS
        raise UserError(f"search: {study.search.runs} runs are too few for a surface; give {least} at least")

    seen: dict[str, list[str]] = {}
    marked = []
    for one in resolved:
        runs = (*one.before, one.train)
        sizes = [study.size_of(runs[0].get("after"), model) for model in study.model]
        learned = [_learned(fields, size) for size in sizes for fields in runs]  # a share is another number in each
        before = seen.setdefault(digest([one.mixture, learned, one.recipe]), [])
        same_as = before[0] if before else ""
        marked.append(replace(one, same_as=same_as, shift=len(before)))
        before.append(one.name)
    return marked


def _learned(fields: Mapping[str, Any], size: str) -> list[Any]:
    """Returns what the fields of a run change of what it learns: how they are written does not count."""
    run = in_units(Run.model_validate({**fields, "name": "r", "mixture": "m"}), size)
    if run.units == named(size, 1).d_ffn:
        run = run.model_copy(update={"units": None})  # all of them
    final = run.preset.final if run.final is None else run.final
    same = {"learning_rate": run.peak(), "weight_decay": run.decay(), "final": final}
    return [run.that_change_results() | same, run.model, run.after, run.teacher]


def recipe_of(study: Study, variant: Variant, *, unchanged: bool = False) -> Recipe | None:
    """Returns the recipe of a variant that changes it, without mixtures and models; None for any other variant.

    `unchanged`: the recipe as it is, which all other variants are made by.
    """
    if not variant.recipe and not unchanged:
        return None
    if study.recipe is None:
        if unchanged:
            return None
        section = next(iter(variant.recipe))
        raise UserError(
            f"variant {variant.name!r} changes {section!r} of a recipe; say which one: `recipe: recipe.yaml`"
        )
    value, _ = yaml_text.read(Path(study.recipe).read_text(), study.recipe)
    if not isinstance(value, dict):
        raise UserError(f"recipe {study.recipe} does not hold a recipe")
    placed = paths.placed(value, Path(study.recipe).parent, recipe_model())
    kept = {name: fields for name, fields in placed.items() if name not in _NO_SECTIONS - {"lake", "sources"}}
    if "tokenizer" not in variant.recipe:
        kept.pop("tokenizer", None)  # all variants share one, unless they say otherwise
    merged = _merged(kept, variant.recipe)
    try:
        made = recipe_model().model_validate(merged)
    except ValidationError as error:
        raise UserError(f"variant {variant.name!r}: {of_fields(error, recipe_model())}") from error
    for place, mistake in recipe.mistakes(made):
        raise UserError(f"variant {variant.name!r}: {place}: {mistake}") from mistake
    return made


def _variant(study: Study, name: str, fields: Mapping[str, Any]) -> Variant:
    of_mixture = set(Mixture.model_fields) - _OF_STUDY
    sections = set(recipe_model().model_fields) - _NO_SECTIONS
    for key in fields:
        if key in _OF_STUDY | {"model", "seeds"}:
            raise UserError(f"variant {name!r}: {key} is the same for all variants; it stands beside `variants`")
        if key not in of_mixture | sections | {"train", "before"}:
            error = unknown("field", key, sorted(of_mixture | sections | {"train", "before"}))
            raise UserError(f"variant {name!r}: {error}")

    mixture = dict(study.mixture) | {key: value for key, value in fields.items() if key in of_mixture}
    own = fields.get("train") or {}
    if not isinstance(own, Mapping):
        raise UserError(f"variant {name!r}: train is {own!r}; it has fields of a run, e.g. {{optimizer: adamw}}")
    train = _over(study.train, own)
    changed = {key: value for key, value in fields.items() if key in sections}
    if reserved := sorted(mixture.keys() & _OF_STUDY) + sorted(train.keys() & (_OF_RUNS - {"after"})):
        raise UserError(f"variant {name!r}: {reserved[0]} is set by the study")
    for model, values in ((Mixture, mixture | {"name": "m"}), (Run, train | {"name": "r", "mixture": "m"})):
        try:
            made = model.model_validate(values)
        except ValidationError as error:
            raise UserError(f"variant {name!r}: {of_fields(error, model)}") from error
        if isinstance(made, Mixture) and made.weights:  # as numbers, and without groups of no weight
            mixture["weights"] = {group: weight for group, weight in made.weights.items() if weight > 0}
    before = _before(study, name, fields.get("before") or (), train)
    found = Variant(name, mixture, train, changed, before)
    recipe_of(study, found)
    if changed and (before or {"after", "teacher"} & train.keys()):
        raise UserError(f"variant {name!r} changes the recipe: it has no runs before it, and no teacher")
    return found


def _over(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of all runs with a run's own in their place; units and keep stand for each other."""
    gone = {"units", "keep"} if {"units", "keep"} & own.keys() else set()
    return {key: value for key, value in common.items() if key not in gone} | dict(own)


def _before(study: Study, name: str, runs: Any, train: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Returns the fields of the runs that lead to a variant's own; raises `UserError` for names that no run has."""
    if not isinstance(runs, (list, tuple)) or not all(isinstance(one, Mapping) for one in runs):
        raise UserError(
            f"variant {name!r}: before is {runs!r}; it is a list of runs, e.g. [{{after: large, tokens: 1M}}]"
        )
    kept = []
    for i, fields in enumerate(runs):
        where = f"variant {name!r}: before {i + 1}"
        if i and "after" in fields:
            raise UserError(f"{where} comes after the run before it; only the first one says after")
        kept.append(_shared(study, where, _over(study.train, fields), set(study.runs)))
    if kept and "after" in train:
        raise UserError(f"variant {name!r}: its run comes after those in before; train says after, too")
    _shared(study, f"variant {name!r}: train", {**train, "tokens": 1}, set(study.runs))
    return tuple(kept)


def shared(study: Study) -> dict[str, Mapping[str, Any]]:
    """Returns the fields of the runs that a study trains once, by name; raises `UserError` for one that is no good."""
    kept: dict[str, Mapping[str, Any]] = {}
    for name, fields in study.runs.items():
        if not re.fullmatch(NAME, name):
            raise UserError(f"runs: {name!r}: a name has letters, digits, '_', '.' or '-'; at most 64")
        common = {key: value for key, value in study.train.items() if key not in _OF_STUDENTS}
        kept[name] = _shared(study, f"runs: {name!r}", common | dict(fields or {}), set(kept), more={"model", "seed"})
    return kept


def _shared(
    study: Study, where: str, fields: Mapping[str, Any], known: set[str], more: Iterable[str] = ()
) -> Mapping[str, Any]:  # fmt: skip
    """Returns the fields of a run beside the one that is compared, checked."""
    if reserved := sorted(fields.keys() & (_OF_RUNS - {"after", "tokens", *more})):
        raise UserError(f"{where}: {reserved[0]} is set by the study")
    try:
        Run.model_validate({**fields, "name": "r", "mixture": "m"})
    except ValidationError as error:
        raise UserError(f"{where}: {of_fields(error, Run)}") from error
    if fields.get("tokens") is None:
        raise UserError(f"{where} needs tokens")
    after, teacher = fields.get("after"), fields.get("teacher")
    if after is not None and after not in known:
        raise UserError(f"{where}: {_not_shared('after', str(after), known)}")
    if teacher is not None and teacher not in known and not Path(str(teacher)).expanduser().is_dir():
        raise UserError(f"{where}: {_not_shared('teacher', str(teacher), known)}")
    return fields


def _not_shared(field: str, name: str, known: set[str]) -> str:
    """Returns what is wrong with the name of a run that a study does not train."""
    why = "a run of the lake is not taken, since it may have read what the study holds out"
    if not known:
        return (
            f"{field} is {name!r}, and the study has no `runs`; {why}: train it in `runs: {{{name}: {{tokens: ...}}}}`"
        )
    return f"{unknown(field, name, sorted(known))}, which are the study's `runs`; {why}"


def _without_each(study: Study, baseline: Variant, taken: set[str]) -> list[Variant]:
    weights = dict(baseline.mixture.get("weights") or {})
    if len(weights) < _FEWEST_GROUPS:
        raise UserError(
            f"leave_one_out: the baseline {baseline.name!r} needs weights of two groups or more, to leave each out once"
        )
    made = []
    for group in weights:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "-", group)
        name = f"{WITHOUT}{plain}" if plain == group else f"{WITHOUT}{plain[:40]}-{digest(group)[:6]}"
        if name in taken:
            raise UserError(f"leave_one_out makes a variant {name!r}, which `variants` has, too")
        others = {other: weight for other, weight in weights.items() if other != group}
        mixture = dict(baseline.mixture) | {"weights": others}
        made.append(Variant(name[:64], mixture, baseline.train, baseline.recipe, baseline.before, group))
    return made


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a mapping with the fields that change, at any depth; lists and values are replaced."""
    merged = dict(base)
    for key, value in changes.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged
