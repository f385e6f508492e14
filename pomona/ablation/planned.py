"""Which runs a study has: of each variant, seed and size, what leads to them, and what all of them share.

Everything is decided here but what the corpus says: the size of the vocabulary, and the precision of this machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpus import artifacts
from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.task import digest, name_of
from corpus.tokenizer import stages as tokenizer_stages
from corpus.tokenizer import steps as tokenizer_steps
from corpus.tokenizer.loading import load
from eval_suites import stages as scoring
from eval_suites import suites
from eval_suites.settings import Score
from pomona.ablation import chains, held_out
from pomona.ablation.chains import Chain
from pomona.ablation.settings import POINT, Study
from pomona.ablation.variants import Variant, in_units, shared
from training.settings import Run

BASE, SHARED = "base", "runs"  # branch of the corpus as it is; what names of runs that are trained once begin with
_VOCABULARY = 8192  # ids of a tokenizer that is still to be learned for small models
_MORE = 1.02  # times as many tokens as a run reads


@dataclass(frozen=True, slots=True)
class Planned:
    """A run of a study."""

    variant: str
    model: str
    seed: int  # of the study
    branch: str  # folder of the lake that it is in
    mixture: Mixture
    run: Run
    scores: tuple[Score, ...]
    before: tuple[tuple[Mixture, Run], ...] = ()  # what leads to the run, each with its mixture

    def alone(self) -> list["Planned"]:
        """Returns the runs before it, each as a run of its own."""
        return [replace(self, mixture=mixture, run=run, before=(), scores=()) for mixture, run in self.before]

    def chain(self) -> Chain:
        """Returns its runs in order."""
        return Chain(self.variant, tuple(run for _, run in self.before), self.run)


def planned(study: Study, variants: Sequence[Variant], folder: Path) -> list[Planned]:
    """Returns every run, so that whole comparisons are done early: seed by seed, the smallest size first."""
    return [
        planned_one(study, one, model, seed, folder)
        for model in study.model
        for seed in study.seeds
        for one in variants
    ]


def planned_one(study: Study, variant: Variant, model: str, seed: int, folder: Path) -> Planned:
    """Returns a run of a variant; `folder` is where the lakes of the study are."""
    tokens = study.tokens_of(model)
    name = name_of(variant.name, model, str(seed))
    branch = branch_of(variant, folder)
    mixture = _left_out(study, variant.mixture_of(name, seed, _in_mixture(tokens)))
    start = (variant.before or (variant.train,))[0].get("after")
    last = in_units(variant.run_of(name, model, seed, tokens), study.size_of(start, model))
    run, before = _chained(study, variant, model, seed, last)
    scores = () if variant.name.startswith(POINT) else _scores(study, name)
    return Planned(variant.name, model, seed, str(branch), mixture, run, scores, before)


def branch_of(variant: Variant, folder: Path) -> Path:
    """Returns the folder of the lake that a variant's runs are in: one of its own, if it changes the recipe."""
    return folder / (f"variant-{variant.name}-{digest([variant.recipe])[:8]}" if variant.recipe else BASE)


def _chained(
    study: Study, variant: Variant, model: str, seed: int, run: Run
) -> tuple[Run, tuple[tuple[Mixture, Run], ...]]:  # fmt: skip
    """Returns a variant's run as it follows those before it, and these, each with a mixture of its own.

    Runs before others are called by what they are, so that variants which begin alike share them.
    """
    called = {one: name_of(SHARED, one, model) for one in study.runs}
    before: list[tuple[Mixture, Run]] = []
    after = ""
    for i, fields in enumerate(variant.before):
        name = name_of(f"before{i + 1}", digest([variant.mixture, fields, after])[:8], model, str(variant.seed(seed)))
        start = {"after": after} if after else {} if fields.get("after") else {"model": model}
        own = {"name": name, "mixture": name, "seed": variant.seed(seed), **start}
        size = study.size_of(variant.before[0].get("after"), model)
        made = _renamed(in_units(Run.model_validate({**fields, **own}), size), called)

        mixture = variant.mixture_of(name, seed, _in_mixture(made.tokens or 0))
        own_seed = int(digest([variant.seed(seed), i])[:7], 16)  # it reads other documents than the runs after it
        before.append((_left_out(study, mixture.model_copy(update={"seed": own_seed})), made))
        after = name
    run = _renamed(run, called)
    return run.model_copy(update={"model": None, "after": after}) if after else run, tuple(before)


def shared_runs(study: Study, baseline: Variant, model: str, folder: Path) -> list[Planned]:
    """Returns the runs that a study trains once for the models of a size."""
    called = {one: name_of(SHARED, one, model) for one in study.runs}
    made = []
    for name, fields in shared(study).items():
        start = {} if fields.get("after") else {"model": fields.get("model") or model}
        own = {"name": called[name], "mixture": called[name], "seed": fields.get("seed", 0), **start}
        run = _renamed(in_units(Run.model_validate({**fields, **own}), study.size_of(name, model)), called)
        seed = int(digest([run.seed, name])[:7], 16)
        mixture = baseline.mixture_of(called[name], 0, _in_mixture(run.tokens or 0))
        mixture = _left_out(study, mixture.model_copy(update={"seed": seed}))
        made.append(Planned(f"{SHARED}-{name}", model, run.seed, str(folder / BASE), mixture, run, ()))
    return made


def _renamed(run: Run, called: Mapping[str, str]) -> Run:
    """Returns a run with the names that runs of the study have in the lake."""
    named = {"after": called.get(run.after or "", run.after), "teacher": called.get(run.teacher or "", run.teacher)}
    return run.model_copy(update=named)


def _left_out(study: Study, mixture: Mixture) -> Mixture:
    """Returns a mixture without the held-out documents of the study."""
    if not study.measured_on:
        return mixture
    return mixture.model_copy(update={"leave_out": f"../{held_out.FOLDER}/{held_out.LEFT_OUT}"})


def by_content(one: Planned, called: Mapping[str, str]) -> Planned:
    """Returns a run of which all that is made is called by what it is, so that no other form of the study is taken for
    it: of mixtures, runs and scores, the lake gives the newest of a name.

    `called` has the names of shared runs that were named like this.
    """
    known, before = dict(called), []
    for mixture, run in one.before:
        mixed, made = _by_content(mixture, run, known)
        before.append((mixed, made))
        known[run.name] = made.name
    mixture, run = _by_content(one.mixture, one.run, known)
    scores = tuple(
        score.model_copy(update={"model": run.name, "name": name_of(run.name, *_asked(score))}) for score in one.scores
    )
    return replace(one, mixture=mixture, run=run, before=tuple(before), scores=scores)


def _by_content(mixture: Mixture, run: Run, known: Mapping[str, str]) -> tuple[Mixture, Run]:
    """Returns a mixture and its run under a name that has a hash of both, and of what the run starts or learns from."""
    started = _renamed(run, known)
    nameless = started.model_copy(update={"name": "r", "mixture": "m"})
    content = [mixture.definition(), nameless.that_change_results(), started.model, started.after, started.teacher]
    name = name_of(run.name, digest(content)[:8])
    return mixture.model_copy(update={"name": name}), started.model_copy(update={"name": name, "mixture": name})


def _asked(score: Score) -> tuple[str, str]:
    """Returns the name of what a model is asked, and a hash of it."""
    asked = suites.load(score.suite).model_dump(mode="json") if score.suite else scoring.files(score.tasks_path)
    settings = score.model_dump(mode="json", exclude={"name", "model"})
    named = Path(score.suite).stem if score.suite else "own"
    return named, digest([settings, asked, scoring.sizes(score.data)])[:8]


def at_equal_cost(runs: Sequence[Planned], shared: Sequence[Planned], vocab_size: int) -> list[Planned]:
    """Returns the runs with tokens by which all of a size and a seed cost the same, from mixtures of one size."""
    made = []
    for model, seed in dict.fromkeys((one.model, one.seed) for one in runs):
        several = [one for one in runs if (one.model, one.seed) == (model, seed)]
        of_size = [one.run for one in shared if one.model == model]
        last = chains.at_equal_cost([one.chain() for one in several], of_size, vocab_size)

        most = _in_mixture(max(run.tokens or 0 for run in last))
        for one, run in zip(several, last, strict=True):
            made.append(replace(one, run=run, mixture=one.mixture.model_copy(update={"tokens": most})))
    return made


def check(study: Study, variants: Sequence[Variant], vocab_size: int) -> None:
    """Raises `UserError` for runs that cannot follow one another, or that leave others too little at equal cost."""
    runs = planned(study, variants, Path())
    shared = [one for model in study.model for one in shared_runs(study, variants[0], model, Path())]
    for model in study.model:
        of_size = [one.run for one in shared if one.model == model]
        chains.cost_of_shared(of_size, vocab_size)
        for one in runs:
            if (one.model, one.seed) == (model, study.seeds[0]):
                chains.cost(one.chain(), of_size, vocab_size)
    if study.equal_cost:
        at_equal_cost(runs, shared, vocab_size)


def vocabulary(lake: Lake) -> int:
    """Returns the number of ids of a lake's tokenizer, or of the one that it will get."""
    key = tokenizer_stages.current(lake)
    if not key or not artifacts.has(lake, tokenizer_steps.KIND, key):
        return _VOCABULARY
    return load(tokenizer_steps.folder(lake, key)).size


def _in_mixture(tokens: int) -> int:
    """Returns the tokens of a mixture of which a run reads some: it has a little more, since documents are whole."""
    return int(tokens * _MORE) + 4096


def _scores(study: Study, name: str) -> tuple[Score, ...]:
    common: dict[str, Any] = {"model": name, "data": study.data, "limit": study.limit}
    made: list[dict[str, Any]] = [
        {"name": name_of(name, Path(suite).stem, *([str(i)] if i else [])), "suite": suite}
        for i, suite in enumerate(study.suites)
    ]
    if study.tasks:
        made.append({"name": name_of(name, "own", "tasks"), "tasks": study.tasks, "tasks_path": study.tasks_path})
    return tuple(Score.model_validate(common | one) for one in made)
