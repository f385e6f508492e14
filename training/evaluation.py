"""The loss on held-out documents, by group of the mixture.

Each document is read by itself from its start, cut into pieces of the run's sequence length. Losses are means over all
targets of a group, in nats per token and in bits per byte of text, which do not depend on the tokenizer.

Shape suffixes: B rows, S slots, N targets.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from corpus.shards.batches import NO_TARGET, PADDING, share
from corpus.shards.layout import Shard
from corpus.shards.stream import Stream
from training import sharding
from training.batch import Batch
from training.loss import token_losses
from training.model import Transformer
from training.processes import Processes


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out documents as rows of slots."""

    ids_BS: npt.NDArray[np.int64]
    targets_BS: npt.NDArray[np.int64]
    groups_B: npt.NDArray[np.int32]  # number of each row's group
    begins_B: npt.NDArray[np.bool_]  # whether a row is the first of its document
    names: tuple[str, ...]  # of the groups
    n_bytes: npt.NDArray[np.int64]  # of the texts of each group, as far as they are read


def held_out(stream: Stream, tokenizer: Any, length: int, tokens: int, pad: int) -> HeldOut:
    """Returns the first documents of each group, by a hash of their ids, until they have so many tokens."""
    shard, about = stream.held_out, stream.about
    starts = np.asarray(shard.starts)
    rows: list[npt.NDArray[Any]] = []
    groups, begins, n_bytes = [], [], np.zeros(len(about.groups), np.int64)
    for number, room in zip(*_chosen(shard, tokens), strict=True):
        group = int(shard.groups[number])
        document = np.asarray(shard.tokens[starts[number] : starts[number + 1]]).astype(np.int64)[:room]
        n_bytes[group] += len(tokenizer.decode(document[document != about.end].tolist()).encode())
        for first in range(0, len(document) - 1, length):
            rows.append(document[first : first + length + 1])
            groups.append(group)
            begins.append(first == 0)

    ids, targets = np.full((len(rows), length), pad, np.int64), np.full((len(rows), length), NO_TARGET, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row) - 1], targets[i, : len(row) - 1] = row[:-1], row[1:]
    return HeldOut(ids, targets, np.array(groups, np.int32), np.array(begins, bool), about.groups, n_bytes)


def _chosen(shard: Shard, tokens: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the documents that are read, and how many tokens of each: of every group until it has `tokens`."""
    groups, lengths = np.asarray(shard.groups), np.diff(np.asarray(shard.starts))
    high, low = np.ascontiguousarray(shard.ids).view(">u8").reshape(-1, 2).T  # an id's 16 bytes, the first ones first
    order = np.lexsort((low, high, groups))
    read = np.cumsum(lengths[order]) - lengths[order]  # by the documents before it
    first = np.searchsorted(groups[order], groups[order])  # place of the first document of its group
    room = tokens - (read - read[first])
    is_read = room > 0
    return order[is_read], np.maximum(room[is_read], 2)


@dataclass(frozen=True, slots=True)
class Measured:
    """The loss on the held-out documents of a group."""

    group: str
    loss: float  # nats per token
    bits_per_byte: float
    n: int  # targets


@torch.no_grad()
def measure(model: Transformer, data: HeldOut, micro_batch: int, processes: Processes) -> list[Measured]:
    """Returns the loss of each group that has held-out documents. All processes call it, and get the same."""
    sums = torch.zeros(len(data.names), 2, dtype=torch.float64)
    low, high = share(len(data.ids_BS), processes.rank, processes.world)
    for i in range(processes.n_rounds(len(data.ids_BS), micro_batch)):
        first = low + i * micro_batch
        rows = slice(first, min(first + micro_batch, high))
        if first >= high:
            _losses(model, Batch.without_targets(data.ids_BS.shape[1]))
            continue
        batch = _batch(data, rows)
        has_BS = batch.targets_BS != NO_TARGET
        groups = torch.from_numpy(data.groups_B[rows]).long()
        sums[:, 0].index_add_(0, groups, _losses(model, batch).masked_fill(~has_BS, 0).sum(1))
        sums[:, 1].index_add_(0, groups, has_BS.sum(1).double())

    sharding.forget_gathered(model)
    return [
        Measured(name, total / n, total / math.log(2) / max(int(data.n_bytes[i]), 1), int(n))
        for i, (name, (total, n)) in enumerate(zip(data.names, processes.sum(sums).tolist(), strict=True))
        if n
    ]


def _batch(data: HeldOut, rows: slice) -> Batch:
    targets = torch.from_numpy(data.targets_BS[rows])
    return Batch(
        ids_BS=torch.from_numpy(data.ids_BS[rows]),
        targets_BS=targets,
        positions_BS=torch.arange(targets.shape[1]).expand_as(targets),
        documents_BS=torch.where(targets == NO_TARGET, PADDING, 0).to(torch.int32),
    )


def _losses(model: Transformer, batch: Batch) -> torch.Tensor:
    """Returns the loss of each slot (B, S), float64, on the CPU."""
    there = batch.to(model.final_norm.device)
    hidden = model(there.ids_BS, there.positions_BS, there.documents_BS)
    losses_N = token_losses(hidden.flatten(0, 1), model.output_weight, there.targets_BS.flatten(), model.precision)
    return losses_N.view(batch.targets_BS.shape).double().cpu()


def mean(measured: list[Measured]) -> tuple[float | None, float | None]:
    """Returns (nats per token, bits per byte): means over groups, each with the same weight; None without any."""
    if not measured:
        return None, None
    n = len(measured)
    return sum(one.loss for one in measured) / n, sum(one.bits_per_byte for one in measured) / n
