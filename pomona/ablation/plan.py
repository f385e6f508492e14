"""What a study will train, and how long that takes, before it starts."""

from dataclasses import dataclass
from types import SimpleNamespace

from corpus.lake import Lake
from pomona import budget
from pomona.ablation import costs, planned, running, supply, variants
from pomona.ablation.settings import Study
from training.plan import with_units
from training.shape import named


@dataclass(frozen=True, slots=True)
class Size:
    """The runs of one size."""

    model: str
    parameters: int
    tokens: int  # of each run
    runs: int
    hours: float


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a study trains."""

    name: str
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    held_out: tuple[str, ...]
    sizes: list[Size]
    at_once: int
    hours: float  # as long as it takes on this machine, about
    searched: int  # runs at random weights, of the first size
    confirmed: bool  # whether what they find is one more variant
    same: dict[str, str]  # variants that are the same as an earlier one: a fair null
    before: dict[str, int]  # variants with runs before their own, and how many
    shared: tuple[str, ...]  # runs that are trained once, for all variants


def plan(lake: Lake, study: Study, *, counted: bool = False) -> PlanView:
    """Returns what a study trains; raises `UserError` for a variant that is no good.

    `counted`: the text is counted, too, which reads the corpus once.
    """
    every = variants.variants(study)
    planned.check(study, every, planned.vocabulary(lake))
    if counted:
        supply.check(lake, study, every)
    at_once = study.at_once or running.devices(study)
    tokenizer, rate = SimpleNamespace(vocab_size=planned.vocabulary(lake)), budget.load_rates()["training"]
    sizes = [
        Size(
            model, _parameters(every[0], model, tokenizer.vocab_size), study.tokens_of(model),
            costs.n_runs(study, model), costs.of_size(study, model, tokenizer, rate).minutes / 60,
        )
        for model in study.model
    ]  # fmt: skip
    return PlanView(
        study.name, tuple(one.name for one in every), study.seeds, study.measured_on, sizes, at_once,
        sum(one.hours for one in sizes), study.search.runs if study.search else 0,
        study.search is not None and study.search.confirm,
        {one.name: one.same_as for one in every if one.same_as},
        {one.name: len(one.before) for one in every if one.before}, tuple(variants.shared(study)),
    )  # fmt: skip


def _parameters(baseline: variants.Variant, model: str, vocab_size: int) -> int:
    """Returns the weights of a model of the baseline, without the embedding."""
    return with_units(
        named(model, vocab_size), variants.in_units(baseline.run_of("r", model, 0, 1), model).units or 0
    ).parameters
