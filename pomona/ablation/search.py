"""A search for weights: runs at random ones, a surface through them, and the weights that it foresees to be best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from corpus.errors import UserError
from corpus.task import digest
from eval_suites.statistics import surfaces
from eval_suites.statistics.intervals import Floats
from eval_suites.statistics.surfaces import Surface
from pomona.ablation.settings import POINT, SEARCHED, Study
from pomona.ablation.variants import Variant

_LEAST = 0.005  # weights below are left out


@dataclass(frozen=True, slots=True)
class Point:
    """Weights at which a run of the search was trained."""

    name: str
    weights: dict[str, float]
    seed: int


def points(study: Study, baseline: Variant) -> list[Point]:
    """Returns the weights of all runs, the baseline's first. Each has a seed of its own, so the spread of seeds is in
    the surface's error, and what is found is confirmed by others. More runs, or more seeds of the study, change no
    earlier point."""
    assert study.search is not None
    weights = _shares(baseline.mixture["weights"])
    drawn = surfaces.sample(np.array(list(weights.values())), study.search.runs, study.search.seed)
    return [
        Point(
            f"{POINT}{i:03}",
            {group: round(float(share), 4) for group, share in zip(weights, row, strict=True) if share > 0},
            int(digest(["search", study.search.seed, i, study.seeds[0]])[:7], 16),
        )
        for i, row in enumerate(drawn)
    ]


def variant(baseline: Variant, name: str, weights: dict[str, float]) -> Variant:
    """Returns the baseline with other weights."""
    return replace(baseline, name=name, mixture=dict(baseline.mixture) | {"weights": weights}, same_as="", shift=0)


def searched(baseline: Variant, several: Sequence[Point], targets_R: Floats) -> Variant:
    """Returns the variant with the best weights that the surface foresees, if bits per byte are `targets_R`."""
    groups = list(_shares(baseline.mixture["weights"]))
    weights_RG = matrix(several, groups)
    best = surfaces.best(surfaces.fit(weights_RG, targets_R)[0], weights_RG)
    kept = {group: round(float(one), 3) for group, one in zip(groups, best, strict=True) if one >= _LEAST}
    return variant(baseline, SEARCHED, kept)


def matrix(several: Sequence[Point], groups: Sequence[str]) -> Floats:
    """Returns the weights (R, G) of some runs, as shares."""
    weights_RG = np.array([[one.weights.get(group, 0.0) for group in groups] for one in several], np.float64)
    return np.asarray(weights_RG / weights_RG.sum(1, keepdims=True), np.float64)


def target(checkpoint: Path) -> float:
    """Returns the mean over groups of a run's bits per byte, on the half of the documents that a search looks at."""
    from training import evaluation

    nats: dict[str, list[float]] = {}
    for row in evaluation.read(checkpoint):
        if is_searched_on(row["id"]):
            of_group = nats.setdefault(row["group"], [0.0, 0.0])
            of_group[0] += row["nats"]
            of_group[1] += row["n_bytes"]
    if not nats:
        raise UserError("search: there are too few held-out documents to search on some and confirm on others")
    return float(np.mean([total / np.log(2) / n_bytes for total, n_bytes in nats.values()]))


def is_searched_on(document: str) -> bool:
    """Returns whether a search looks at a document: at half of them. The others confirm what it finds."""
    return int(document[-1], 16) % 2 == 0


def surface(several: Sequence[Point], groups: Sequence[str], values_R: Floats) -> list[Surface]:
    """Returns the surfaces of all kinds, the best one first."""
    return surfaces.fit(matrix(several, groups), values_R)


def _shares(weights: dict[str, float]) -> dict[str, float]:
    return {group: float(weight) for group, weight in weights.items() if weight > 0}
