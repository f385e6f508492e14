"""What a study will cost before anything of it exists, for `pomona plan`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.family import Spent
from pomona.ablation import chains, planned, variants
from pomona.ablation.settings import Study
from training import costs
from training import plan as planning
from training.settings import Run
from training.shape import named

_EVALUATIONS = 3  # passes over the held-out documents in a run


def spent(name: str, settings: Mapping[str, Any], text_bytes: float, rate: float) -> Spent:
    """Returns what the study of this name costs at `rate` GFLOP/s: all its runs, one after the other."""
    study: Study = next(one for one in settings["ablate"] if one.name == name)
    several = [of_size(study, model, settings.get("tokenizer"), rate) for model in study.model]
    return Spent(
        n_bytes=sum(one.n_bytes for one in several),
        minutes=sum(one.minutes for one in several),
        peak_bytes=max(one.peak_bytes for one in several),
        disk_bytes=sum(one.disk_bytes for one in several),
    )


def of_size(study: Study, model: str, tokenizer: Any, rate: float) -> Spent:
    """Returns what the runs of one size cost; `tokenizer` has `vocab_size`."""
    run = Run(name="r", mixture="m", model=model, tokens=study.tokens_of(model), evaluations=_EVALUATIONS,
              evaluation_tokens=study.evaluation_tokens * max(len(study.measured_on), 1))  # fmt: skip
    one, n = costs.spent("r", {"train": (run,), "tokenizer": tokenizer}, 0.0, rate), n_runs(study, model)
    vocab_size = getattr(tokenizer, "vocab_size", None) or costs.VOCABULARY
    try:
        flops = _flops(study, model, vocab_size)
    except UserError:  # the stage itself says what is wrong
        flops = n * chains.cost(chains.Chain("", (), run), (), vocab_size)

    shape = named(model, vocab_size)
    read = n * _EVALUATIONS * (run.evaluation_tokens or 0) * shape.flops_of_reading(planning.length_of(run, shape))
    # Runs that have ended leave their models, and not the state of their optimizers.
    minutes = (flops + read) / (rate * 1e9) / 60
    return replace(one, n_bytes=n * one.n_bytes, minutes=minutes, disk_bytes=n * one.disk_bytes // 3)


def _flops(study: Study, model: str, vocab_size: int) -> float:
    """Returns the FLOPs of training all runs of a size, those for all variants included."""
    every = variants.variants(study)
    shared = [one.run for one in planned.shared_runs(study, every[0], model, Path())]
    several = [planned.planned_one(study, one, model, study.seeds[0], Path()).chain() for one in every]
    baseline, *others = [chains.cost(one, shared, vocab_size) for one in several]
    if study.equal_cost:
        others = [baseline] * len(others)

    of_variants = (baseline + sum(others)) * len(study.seeds)
    of_search = (n_runs(study, model) - len(every) * len(study.seeds)) * baseline
    return of_variants + of_search + chains.cost_of_shared(shared, vocab_size)


def n_runs(study: Study, model: str) -> int:
    """Returns the number of runs of a size, those of a search included."""
    try:
        n_variants = len(variants.variants(study))
    except UserError:  # the stage itself says what is wrong
        n_variants = len(study.variants)
    runs = n_variants * len(study.seeds)
    if study.search is None:
        return runs
    points = study.search.runs if model == study.model[0] else 0
    return runs + points + (len(study.seeds) if study.search.confirm else 0)
