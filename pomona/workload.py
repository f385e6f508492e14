"""Lists the work of a recipe that is left, with its cost as `pomona.budget` estimates it."""

from dataclasses import dataclass, replace

from corpus.lake import Lake
from pomona import budget
from pomona.recipe import Recipe
from pomona.stages import Wanted
from pomona.state import status


@dataclass(frozen=True, slots=True)
class Work:
    """The work that is left for a stage, or for all of them. Zero if the stage is current."""

    stage: str
    state: str  # current, stale, missing; '' for all
    items: int  # work items that are left, at most: a stale stage reuses those that did not change
    items_in_all: int
    n_bytes: int  # of its input
    workers: int
    minutes: float
    peak_bytes: int  # memory of all its processes
    disk_bytes: int  # of its output


def workload(lake: Lake, recipe: Recipe, n_workers: int, memory: int | None) -> list[Work]:
    """Returns the work of every stage, in order, without the items that a stopped run has finished."""
    estimates = budget.estimate(lake, Wanted.by(recipe), n_workers, memory)
    work_left = []
    states = [state for state in status(lake, recipe) if not state.stage.startswith("drop:")]
    for stage_status, estimate in zip(states, estimates, strict=True):
        assert stage_status.stage == estimate.stage, (stage_status.stage, estimate.stage)
        n_left = 0 if stage_status.state == "current" else max(0, estimate.items - stage_status.items_finished)
        share = n_left / estimate.items
        work_left.append(
            Work(
                stage_status.stage, stage_status.state, n_left, estimate.items, round(estimate.n_bytes * share),
                estimate.workers if n_left else 0, estimate.minutes * share, estimate.peak_bytes if n_left else 0,
                round(estimate.disk_bytes * share),
            )
        )  # fmt: skip
    return work_left


def total(found: list[Work]) -> Work:
    """Adds up the work. One stage runs at a time, so the memory is that of the largest."""
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
