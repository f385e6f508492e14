"""What a study will cost before anything of it exists, for `pomona plan`."""

from collections.abc import Mapping
from typing import Any

from corpus.errors import UserError
from corpus.family import Spent
from pomona.ablation import variants
from pomona.ablation.settings import Study
from training import costs
from training.settings import Run


def spent(name: str, settings: Mapping[str, Any], text_bytes: float, rate: float) -> Spent:
    """Returns what the study of this name costs at `rate` GFLOP/s: all its runs, one after the other."""
    study: Study = next(one for one in settings["ablate"] if one.name == name)
    minutes, n_bytes, disk, peak = 0.0, 0, 0, 0
    for model in study.model:
        run = Run(name="r", mixture="m", model=model, tokens=study.tokens_of(model), evaluations=3,
                  evaluation_tokens=study.evaluation_tokens * max(len(study.measured_on), 1))  # fmt: skip
        one = costs.spent("r", {"train": (run,), "tokenizer": settings.get("tokenizer")}, text_bytes, rate)
        n = n_runs(study, model)
        minutes, n_bytes = minutes + n * one.minutes, n_bytes + n * one.n_bytes
        disk, peak = disk + n * one.disk_bytes // 3, max(peak, one.peak_bytes)  # a run that has ended leaves its model
    return Spent(n_bytes=n_bytes, minutes=minutes, peak_bytes=peak, disk_bytes=disk)


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
