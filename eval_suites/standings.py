"""Which models are better on a suite, and which ranks the data support."""

from dataclasses import dataclass

import polars as pl

from corpus.errors import unknown
from corpus.lake import Lake
from eval_suites import shared_items
from eval_suites.statistics import pools
from eval_suites.views import RunOfSuite, ScoreView, runs


@dataclass(frozen=True, slots=True)
class Standing:
    """A model on a leaderboard."""

    rank: int
    best: int  # ranks that the data support
    worst: int
    group: int  # models of one group are not told apart
    suite: str
    score: str
    name: str
    model: str
    headline: float | None
    win_rate: float | None  # relative to the pool
    scores: dict[str, float]  # primary score of each task


def leaderboard(lake: Lake, suite: str = "") -> list[Standing]:
    """Returns the newest score of each model on a suite, the best first. Without a suite, the one scored last."""
    every = runs(lake)
    if not every:
        return []
    suite = suite or every[-1].suite
    of_suite = {one.manifest.get("model_key", one.name): one for one in every if one.suite == suite}
    if not of_suite:
        raise unknown("suite", suite, sorted({one.suite for one in every}))
    members = list(of_suite.values())
    tasks = sorted(set.intersection(*(set(shared_items.primary(one)) for one in members)))
    rows = {one.score: shared_items.primary(one) for one in members}
    places = _places(lake, members, tasks, rows)
    table = {one.score: [_oriented(rows[one.score][task]) for task in tasks] for one in members}
    rates = pools.mean_win_rate(pl.DataFrame(table).to_numpy().T) if tasks and len(members) > 1 else None
    standings = [
        Standing(
            places[one.score].rank, places[one.score].best, places[one.score].worst, places[one.score].group, suite,
            one.score, one.name, one.model, one.headline, None if rates is None else float(rates[i]),
            {task: rows[one.score][task].value for task in tasks},
        )
        for i, one in enumerate(members)
    ]  # fmt: skip
    return sorted(standings, key=lambda one: one.rank)


def _oriented(one: ScoreView) -> float:
    return one.value if one.higher_is_better else -one.value


def _places(
    lake: Lake, members: list[RunOfSuite], tasks: list[str], rows: dict[str, dict[str, ScoreView]]
) -> dict[str, pools.Place]:
    """Returns each model's place by the mean of its centered scores over tasks."""
    if len(members) == 1 or not tasks:
        return {one.score: pools.Place(i + 1, 1, len(members), 1) for i, one in enumerate(members)}
    items, first = shared_items.shared(lake, *members), rows[members[0].score]
    matrices = []
    for task in tasks:
        frame = items.get(task)
        if frame is None or not first[task].higher_is_better or frame["is_ratio"][0]:
            continue
        values = frame.select([f"value{i}" for i in range(len(members))]).to_numpy().T
        matrices.append((values - first[task].baseline) / (1 - first[task].baseline))
    if not matrices:
        order = sorted(range(len(members)), key=lambda i: -sum(map(_oriented, rows[members[i].score].values())))
        return {members[i].score: pools.Place(rank + 1, 1, len(members), 1) for rank, i in enumerate(order)}
    return pools.places(matrices, [one.score for one in members])
