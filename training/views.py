"""What a person asks of training runs: which there are, what each came to, and how its losses went."""

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus.lake import Lake
from training.stages import find, in_order


@dataclass(frozen=True, slots=True)
class RunView:
    """A training run."""

    run: str  # id
    name: str
    stage: str
    mixture: str
    after: str  # id of the run that it started from; '' for none
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
    rows = {row["run"]: row for row in lake.scan("runs").collect().to_dicts()}
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
