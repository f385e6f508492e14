"""What of a recipe is left to do, and what it will take, as `pomona.budget` estimates it."""

from dataclasses import dataclass, replace

from corpus.lake import Lake
from pomona import budget
from pomona.recipe import Recipe
from pomona.stages import Wanted
from pomona.state import status


@dataclass(frozen=True, slots=True)
class Work:
    """A stage, or all of them: what it will take from here on. Zero if it is current."""

    stage: str
    state: str  # current, stale, missing; '' for all
    items: int  # that are left, at most: a stale stage finds what did not change
    items_in_all: int
    n_bytes: int
    workers: int
    minutes: float
    peak_bytes: int
    disk_bytes: int


def workload(lake: Lake, recipe: Recipe, n_workers: int, memory: int | None) -> list[Work]:
    """Every stage in order. Items that a run which was stopped has finished are not left."""
    estimates = budget.estimate(lake, Wanted.by(recipe), n_workers, memory)
    found = []
    states = [one for one in status(lake, recipe) if not one.stage.startswith("drop:")]
    for stage, estimate in zip(states, estimates, strict=True):
        assert stage.stage == estimate.stage, (stage.stage, estimate.stage)
        n_left = 0 if stage.state == "current" else max(0, estimate.items - stage.items_finished)
        share = n_left / estimate.items
        found.append(
            Work(
                stage.stage, stage.state, n_left, estimate.items, round(estimate.n_bytes * share),
                estimate.workers if n_left else 0, estimate.minutes * share, estimate.peak_bytes if n_left else 0,
                round(estimate.disk_bytes * share),
            )
        )  # fmt: skip
    return found


def total(found: list[Work]) -> Work:
    """All of it: one stage runs after the other, so memory is that of the largest."""
    everything = Work(
        stage="total",
        state="",
        items=sum(one.items for one in found),
        items_in_all=sum(one.items_in_all for one in found),
        n_bytes=sum(one.n_bytes for one in found),
        workers=max((one.workers for one in found), default=0),
        minutes=sum(one.minutes for one in found),
        peak_bytes=max((one.peak_bytes for one in found), default=0),
        disk_bytes=sum(one.disk_bytes for one in found),
    )
    return replace(everything, state="nothing to do") if not everything.items else everything
