"""What of a recipe is left to do, and what that takes: the estimates of `pomona.budget` where stages will run."""

from dataclasses import dataclass, replace

from corpus.lake import Lake
from pomona import budget
from pomona.recipe import Recipe
from pomona.stages import Wanted
from pomona.status import status


@dataclass(frozen=True, slots=True)
class Left:
    """A stage, or all of them: what it will take from here on. Nothing where it is current."""

    stage: str
    state: str  # current, stale, missing; '' for all
    items: int  # that are left, at most: a stale stage finds what did not change
    of: int
    n_bytes: int
    workers: int
    minutes: float
    peak_bytes: int
    disk_bytes: int


def left(lake: Lake, recipe: Recipe, n_workers: int, memory: int | None) -> list[Left]:
    """Every stage in order. Items that a run which was stopped has finished are not left."""
    estimates = budget.estimate(lake, Wanted.by(recipe), n_workers, memory)
    found = []
    states = [one for one in status(lake, recipe) if not one.stage.startswith("drop:")]
    for stage, estimate in zip(states, estimates, strict=True):
        assert stage.stage == estimate.stage, (stage.stage, estimate.stage)
        n_left = 0 if stage.state == "current" else max(0, estimate.items - stage.items_finished)
        share = n_left / estimate.items
        found.append(
            Left(
                stage.stage, stage.state, n_left, estimate.items, round(estimate.n_bytes * share),
                estimate.workers if n_left else 0, estimate.minutes * share, estimate.peak_bytes if n_left else 0,
                round(estimate.disk_bytes * share),
            )
        )  # fmt: skip
    return found


def total(found: list[Left]) -> Left:
    """All of it: one stage runs after the other, so memory is that of the largest."""
    everything = Left(
        "total", "", sum(one.items for one in found), sum(one.of for one in found), sum(one.n_bytes for one in found),
        max((one.workers for one in found), default=0), sum(one.minutes for one in found),
        max((one.peak_bytes for one in found), default=0), sum(one.disk_bytes for one in found),
    )  # fmt: skip
    return replace(everything, state="nothing to do") if not everything.items else everything
