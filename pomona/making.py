"""Makes what a command needs of mixtures, tokens and runs: the stages before it, with the settings that the lake has.

`pomona mix`, `tokenize` and `train` name one thing. What it rests on is brought up to date with it: the tokenizer as it
was last made, the tokens of the kept documents, the mixture as it was last defined.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.mixture.family import FAMILY as MIXTURE
from corpus.tokenizer.family import FAMILY as TOKENIZER
from eval_suites.family import FAMILY as SCORE
from eval_suites.judges.family import FAMILY as JUDGE
from pomona import runner, standing
from pomona.ablation import branches
from pomona.ablation.family import FAMILY as ABLATE
from pomona.runner import Outcome
from pomona.stages import Wanted
from training.family import FAMILY as TRAIN

_SMALL, _SMALL_VOCABULARY = 100_000_000, 8192  # models below that many weights get a small vocabulary, if none is there


def tokenizer(lake: Lake, settings: Any, **options: Any) -> Iterator[Outcome]:
    """Makes the tokenizer of a lake, and no tokens yet."""
    yield from _run(lake, {TOKENIZER.name: settings}, TOKENIZER.names()[:1], **options)


def mixture(lake: Lake, settings: Any, **options: Any) -> Iterator[Outcome]:
    """Makes a mixture. Its tokens are exact if the lake has a tokenizer, else estimated from bytes."""
    yield from _run(lake, {MIXTURE.name: (settings,)}, MIXTURE.names((settings.name,))[:1], **options)


def tokens(lake: Lake, name: str, **options: Any) -> Iterator[Outcome]:
    """Makes the token shards of a mixture that the lake has; makes a tokenizer from it if there is none."""
    yield from _run(lake, {MIXTURE.name: (_mixture(lake, name),)}, MIXTURE.names((name,)), made_from=name, **options)


def run(lake: Lake, settings: Any, **options: Any) -> Iterator[Outcome]:
    """Trains a run, with the token shards of its mixture, which the lake has."""
    name = settings.mixture
    families = {MIXTURE.name: (_mixture(lake, name),), TRAIN.name: (settings,)}
    names = [*MIXTURE.names((name,)), *TRAIN.names((settings.name,))]
    model = settings.model
    if settings.teacher is not None and Path(settings.teacher).expanduser().is_dir():
        model = settings.teacher  # if the lake has no tokenizer yet, it gets that of the teacher
    yield from _run(lake, families, names, made_from=name, model=model, **options)


def run_id(lake: Lake, settings: Any) -> str:
    """Returns the id of a run with these settings, over the lake as it is."""
    wanted = Wanted.of({MIXTURE.name: (_mixture(lake, settings.mixture),), TRAIN.name: (settings,)})
    return str(wanted.plan(TRAIN.names((settings.name,))[0], lake).facts["run"])


def score(lake: Lake, settings: Any, **options: Any) -> Iterator[Outcome]:
    """Scores a model. It rests on nothing else of the lake: the model is there, or is none."""
    wanted = Wanted.of({SCORE.name: (settings,)})
    wanted.prepare()
    name = SCORE.names((settings.name,))[0]
    yield from runner.run_stages(lake, {name: wanted.plans(lake)[name]}, **options)


def score_id(lake: Lake, settings: Any) -> str:
    """Returns the id of a score with these settings."""
    wanted = Wanted.of({SCORE.name: (settings,)})
    return str(wanted.plan(SCORE.names((settings.name,))[0], lake).facts["score"])


def judge(lake: Lake, settings: Any, **options: Any) -> Iterator[Outcome]:
    """Judges answers of models or files."""
    wanted = Wanted.of({JUDGE.name: (settings,)})
    wanted.prepare()
    name = JUDGE.names((settings.name,))[0]
    yield from runner.run_stages(lake, {name: wanted.plans(lake)[name]}, **options)


def study_id(lake: Lake, settings: Any) -> str:
    """Returns the id of a study with these settings."""
    wanted = Wanted.of({JUDGE.name: (settings,)})
    return str(wanted.plan(JUDGE.names((settings.name,))[0], lake).facts["study"])


def ablation(lake: Lake, settings: Any, **options: Any) -> Iterator[Outcome]:
    """Compares variants by small models. The corpus of the lake must be up to date."""
    standing.require(lake)
    wanted = Wanted.of({ABLATE.name: (settings,)})
    wanted.prepare()
    name = ABLATE.names((settings.name,))[0]
    yield from runner.run_stages(lake, {name: wanted.plans(lake)[name]}, **options)
    branches.use(lake, str(wanted.plan(name, lake).facts["place"]), settings.name)


def ablation_id(lake: Lake, settings: Any) -> str:
    """Returns the id of a study of variants with these settings, over the lake as it is."""
    wanted = Wanted.of({ABLATE.name: (settings,)})
    return str(wanted.plan(ABLATE.names((settings.name,))[0], lake).facts["study"])


def _run(
    lake: Lake, families: dict[str, Any], names: list[str], *, made_from: str = "", model: str | None = None,
    **options: Any,
) -> Iterator[Outcome]:  # fmt: skip
    """Runs the stages that make some, and those that these rest on."""
    standing.require(lake)
    before = _tokenizer(lake, made_from, model)
    if before is not None:
        families = {TOKENIZER.name: before} | families
    wanted = Wanted.of(families)
    wanted.prepare()
    order = wanted.names()
    last = max(order.index(name) for name in names)
    kept = _kept_tokenizer(lake, names)
    needed = {name: plan for name, plan in wanted.plans(lake).items() if order.index(name) <= last and name != kept}
    yield from runner.run_stages(lake, needed, **options)


def _kept_tokenizer(lake: Lake, names: list[str]) -> str:
    """Returns the stage that would learn a tokenizer, if the lake has one and nobody asked for another: a model that is
    trained on cannot read other ids."""
    from corpus import artifacts
    from corpus.tokenizer.stages import current
    from corpus.tokenizer.steps import KIND

    learns, key = TOKENIZER.names()[0], current(lake)
    return learns if key and learns not in names and artifacts.has(lake, KIND, key) else ""


def _mixture(lake: Lake, name: str) -> Any:
    from corpus.mixture.stages import recorded
    from corpus.mixture.views import names

    found = recorded(lake, name)
    if found is not None:
        return found
    if known := names(lake):
        raise unknown("mixture", name, known)
    raise UserError(f"lake {lake.url} has no mixture yet; make one: pomona mix --name {name} --weights A=0.7,B=0.3")


def _tokenizer(lake: Lake, made_from: str, model: str | None) -> Any:
    """Returns the settings of the lake's tokenizer; if it has none and tokens are needed, those of a new one."""
    from corpus.tokenizer.settings import Tokenizer
    from corpus.tokenizer.stages import recorded_settings

    recorded = recorded_settings(lake)
    if recorded is not None or not made_from:
        return recorded
    from training.shape import NAMES, named

    is_small = model is None or (model in NAMES and named(model, 2).parameters < _SMALL)
    if model is not None and model not in NAMES:
        return Tokenizer(path=model)
    return Tokenizer(mixture=made_from, vocab_size=_SMALL_VOCABULARY if is_small else None, fewer=True)
