"""Which models are better on a suite, and which ranks the data support."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus.errors import unknown
from corpus.lake import Lake
from eval_suites import shared_items
from eval_suites.statistics import pools
from eval_suites.statistics.intervals import Floats
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
    members = _members(every, suite)[0]
    if not members:
        raise unknown("suite", suite, sorted({one.suite for one in every}))
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


def left_out(lake: Lake, suite: str = "") -> list[str]:
    """Returns which scores of a suite are not on its board, and why: they are of other items, or by other metrics."""
    every = runs(lake)
    others = _members(every, suite or every[-1].suite)[1] if every else []
    return [f"{one.name}: {_size(one):,} items, or other tasks, metrics or data than the board's" for one in others]


def _members(every: list[RunOfSuite], suite: str) -> tuple[list[RunOfSuite], list[RunOfSuite]]:
    """Returns the newest score of each model over the same items, and those of models that have none.

    The board is about the most items that were scored; of several such sets, about the one scored last.
    """
    of_suite = [one for one in every if one.suite == suite]
    if not of_suite:
        return [], []
    board = _signature(max(enumerate(of_suite), key=lambda pair: (_size(pair[1]), pair[0]))[1])
    same = {_model(one): one for one in of_suite if _signature(one) == board}
    others = {_model(one): one for one in of_suite if _model(one) not in same}
    return list(same.values()), list(others.values())


def _model(one: RunOfSuite) -> str:
    return str(one.manifest.get("model_key", one.name))


def _size(one: RunOfSuite) -> int:
    return sum(int(about.get("items", 0)) for about in one.manifest["tasks"].values())


def _signature(one: RunOfSuite) -> tuple[object, ...]:
    """Returns what scores must have in common to be ranked: tasks, metrics, and the items with their right answers."""
    tasks = one.manifest["tasks"]
    return tuple(
        (name, score.metric, tasks.get(name, {}).get("items"), tasks.get(name, {}).get("items_hash"))
        for name, score in sorted(shared_items.leaves(one).items())
        if name in tasks
    )


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
        values = _independent(frame, len(members))
        matrices.append((values - first[task].baseline) / (1 - first[task].baseline))
    if not matrices:
        order = sorted(range(len(members)), key=lambda i: -sum(map(_oriented, rows[members[i].score].values())))
        return {members[i].score: pools.Place(rank + 1, 1, len(members), 1) for rank, i in enumerate(order)}
    return pools.places(matrices, [one.score for one in members])


def _independent(frame: pl.DataFrame, n_models: int) -> Floats:
    """Returns (M, N): the values of independent items. Those of a cluster become one, whose mean counts by its size."""
    names = [f"value{i}" for i in range(n_models)]
    if shared_items.clusters(frame) is not None:
        n, clusters = frame.height, frame.group_by("task", "cluster", maintain_order=True).agg(pl.col(names).sum())
        frame = clusters.with_columns(pl.col(names) * (clusters.height / n))
    return np.asarray(frame.select(names).to_numpy().T, np.float64)
