"""What a person asks of training runs: which there are, what each came to, and how its losses went."""

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.lake import Lake
from training.stages import find, in_order
from training.stages import rows as table
from training.steps import SUMMARY, checkpoint

_POINTS = 60  # of a curve of one run


@dataclass(frozen=True, slots=True)
class RunView:
    """A training run."""

    run: str  # id
    name: str
    kind: str  # train, prune, distill or prune+distill
    stage: str
    mixture: str
    after: str  # id of the run that it started from; '' for none
    teacher: str  # id of its teacher's run, or a hash of the teacher's files; '' for none
    model: str
    checkpoint: str  # folder of the model
    parameters: int
    embedding_parameters: int
    steps: int
    skipped_steps: int
    tokens: int
    loss: float  # nats per token, over the last tenth of its steps
    held_out_loss: float | None
    bits_per_byte: float | None
    held_out: dict[str, float]  # nats per token at the end, by group
    seconds: float
    tokens_per_second: float
    flops: float
    device: str
    settings: dict[str, Any]

    @property
    def what(self) -> str:
        """Returns its stage, and what it did beside training."""
        return what_of(self.stage, self.kind)


def what_of(stage: str, kind: str) -> str:
    """Returns the stage of a run, and what it did beside training."""
    return stage if kind == "train" else f"{stage}, {kind}"


@dataclass(frozen=True, slots=True)
class Loss:
    """A point of a loss curve."""

    step: int
    tokens: int
    group: str  # '' for the training loss
    loss: float
    bits_per_byte: float | None
    n: int


def runs(lake: Lake) -> list[RunView]:
    """Returns all runs, the oldest first."""
    rows = {row["run"]: row for row in table(lake).collect().to_dicts()}
    last = (
        lake.scan("run_losses")
        .filter(pl.col("group") != "")
        .sort("step")
        .group_by("run", "group")
        .agg(pl.col("loss").last())
        .collect()
    )
    held_out: dict[str, dict[str, float]] = {}
    for run, group, loss in last.sort("group").iter_rows():
        held_out.setdefault(run, {})[group] = loss
    return [_view(lake, rows[run], held_out.get(run, {})) for run in in_order(lake) if run in rows]


def run(lake: Lake, name: str) -> RunView:
    """Returns one run, by its id, the first digits of it, its name or its checkpoint."""
    key = find(lake, name)
    return next(one for one in runs(lake) if one.run == key)


def losses(lake: Lake, name: str) -> list[Loss]:
    """Returns the loss curves of a run, in the order of steps."""
    rows = lake.scan("run_losses").filter(pl.col("run") == find(lake, name)).sort("step", "group").drop("run")
    return [Loss(**row) for row in rows.collect().to_dicts()]


def _view(lake: Lake, row: dict[str, Any], held_out: dict[str, float]) -> RunView:
    root = lake.root if lake.is_local else lake.url
    kept = {name: row[name] for name in RunView.__dataclass_fields__ if name in row}
    kept |= {"checkpoint": f"{root}/{row['checkpoint']}", "settings": json.loads(row["settings"])}
    return RunView(**kept, held_out=held_out)


@dataclass(frozen=True, slots=True)
class Curves:
    """The losses of a checkpoint's whole history, over all tokens that it and the runs before it have read."""

    names: list[str]  # of the runs, the first one first
    starts: list[int]  # tokens at which each run begins
    training: list[tuple[float, float]]  # (tokens, nats per token), means over stretches
    held_out: dict[str, list[tuple[float, float]]]  # by group


def last_of_chains(views: list[RunView]) -> list[RunView]:
    """Returns the runs from which no other run starts: each stands for its whole history."""
    started_from = {one.after for one in views}
    return [one for one in views if one.run not in started_from]


def history(views: list[RunView], run: RunView) -> list[RunView]:
    """Returns a run and those that it started from, the first one first."""
    by_id = {one.run: one for one in views}
    chain = [run]
    while chain[0].after in by_id:
        chain.insert(0, by_id[chain[0].after])
    return chain


def curves(lake: Lake, chain: list[RunView]) -> Curves:
    """Returns the loss curves of a history."""
    training: list[tuple[float, float]] = []
    held_out: dict[str, list[tuple[float, float]]] = {}
    starts, total = [], 0
    for one in chain:
        starts.append(total)
        points = losses(lake, one.run)
        steps = [point for point in points if not point.group]
        stretch = max(1, -(-len(steps) // _POINTS))
        for first in range(0, len(steps), stretch):
            part = steps[first : first + stretch]
            training.append((total + part[-1].tokens, sum(point.loss for point in part) / len(part)))
        for point in points:
            if point.group:
                held_out.setdefault(point.group, []).append((total + point.tokens, point.loss))
        total += one.tokens
    return Curves([one.name for one in chain], starts, training, held_out)


def samples(lake: Lake, run: str) -> list[dict[str, str]]:
    """Returns (prompt, continuation) of the texts that a run's model wrote at its end."""
    summary = json.loads((checkpoint(lake, run) / SUMMARY).read_text())
    return [dict(one) for one in summary["result"]["samples"]]
