"""The loss on held-out documents, by group of the mixture.

Each document is read by itself from its start, cut into pieces of the run's sequence length. Losses are means over all
targets of a group, in nats per token and in bits per byte of text, which do not depend on the tokenizer.

Shape suffixes: B rows, S slots, N targets.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from corpus import durable
from corpus.shards.batches import NO_TARGET, PADDING, share
from corpus.shards.layout import Shard
from corpus.shards.stream import Stream
from training import sharding
from training.batch import Batch
from training.loss import token_results
from training.model import Transformer
from training.processes import Processes

DOCUMENTS = "held_out.jsonl"  # in the folder of a run: what each held-out document came to (`of_documents`)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out documents as rows of slots."""

    ids_BS: npt.NDArray[np.int64]
    targets_BS: npt.NDArray[np.int64]
    groups_B: npt.NDArray[np.int32]  # number of each row's group
    begins_B: npt.NDArray[np.bool_]  # whether a row is the first of its document
    names: tuple[str, ...]  # of the groups
    n_bytes: npt.NDArray[np.int64]  # of the texts of each group, as far as they are read
    document_ids: tuple[str, ...]  # 32 hex digits each, in the order of the rows
    document_bytes: npt.NDArray[np.int64]  # of their texts, as far as they are read


def held_out(stream: Stream, tokenizer: Any, length: int, tokens: int, pad: int) -> HeldOut:
    """Returns the first documents of each group, by a hash of their ids, until they have so many tokens."""
    shard, about = stream.held_out, stream.about
    starts = np.asarray(shard.starts)
    rows: list[npt.NDArray[Any]] = []
    groups, begins, n_bytes = [], [], np.zeros(len(about.groups), np.int64)
    ids, sizes = [], []
    for number, room in zip(*_chosen(shard, tokens), strict=True):
        group = int(shard.groups[number])
        document = np.asarray(shard.tokens[starts[number] : starts[number + 1]]).astype(np.int64)[:room]
        size = len(tokenizer.decode(document[document != about.end].tolist()).encode())
        n_bytes[group] += size
        if len(document) > 1:
            ids.append(shard.ids[number].tobytes().hex())
            sizes.append(size)
        for first in range(0, len(document) - 1, length):
            rows.append(document[first : first + length + 1])
            groups.append(group)
            begins.append(first == 0)

    inputs, targets = np.full((len(rows), length), pad, np.int64), np.full((len(rows), length), NO_TARGET, np.int64)
    for i, row in enumerate(rows):
        inputs[i, : len(row) - 1], targets[i, : len(row) - 1] = row[:-1], row[1:]
    return HeldOut(
        inputs, targets, np.array(groups, np.int32), np.array(begins, bool), about.groups, n_bytes, tuple(ids),
        np.array(sizes, np.int64),
    )  # fmt: skip


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
def row_results(model: Transformer, data: HeldOut, micro_batch: int, processes: Processes) -> npt.NDArray[np.float64]:
    """Returns the nats of each row, all its targets together, and how many of these were likeliest (2, B). All
    processes call it, and get the same."""
    sums_2B = torch.zeros(2, len(data.ids_BS), dtype=torch.float64)
    low, high = share(len(data.ids_BS), processes.rank, processes.world)
    for i in range(processes.n_rounds(len(data.ids_BS), micro_batch)):
        first = low + i * micro_batch
        rows = slice(first, min(first + micro_batch, high))
        if first >= high:
            _results(model, Batch.without_targets(data.ids_BS.shape[1]))
            continue
        batch = _batch(data, rows)
        sums_2B[:, rows] = _results(model, batch).masked_fill(batch.targets_BS == NO_TARGET, 0).sum(2)

    sharding.forget_gathered(model)
    return np.asarray(processes.sum(sums_2B).numpy(), np.float64)


def measured(data: HeldOut, nats_B: npt.NDArray[np.float64]) -> list[Measured]:
    """Returns the loss of each group that has held-out documents."""
    targets_B = (data.targets_BS != NO_TARGET).sum(1)
    nats = np.bincount(data.groups_B, nats_B, len(data.names))
    counts = np.bincount(data.groups_B, targets_B, len(data.names))
    return [
        Measured(name, float(nats[i] / n), float(nats[i] / math.log(2) / max(int(data.n_bytes[i]), 1)), int(n))
        for i, (name, n) in enumerate(zip(data.names, counts.tolist(), strict=True))
        if n
    ]


def of_documents(data: HeldOut, results_2B: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    """Returns what each document came to: id, group, nats, n_bytes, targets, and hits: targets that were likeliest."""
    number_B = np.cumsum(data.begins_B) - 1
    nats, hits = (np.bincount(number_B, row_B, len(data.document_ids)) for row_B in results_2B)
    targets = np.bincount(number_B, (data.targets_BS != NO_TARGET).sum(1), len(data.document_ids))
    groups = data.groups_B[data.begins_B]
    return [
        {
            "id": document, "group": data.names[groups[i]], "nats": float(nats[i]),
            "n_bytes": int(data.document_bytes[i]), "targets": int(targets[i]), "hits": int(hits[i]),
        }
        for i, document in enumerate(data.document_ids)
    ]  # fmt: skip


def write(documents: list[dict[str, Any]], folder: Path) -> None:
    """Writes what each held-out document came to at the end, as JSON Lines: runs are compared by document."""
    temporary = folder / f".{DOCUMENTS}"
    temporary.write_text("".join(json.dumps(one) + "\n" for one in documents))
    durable.publish(str(temporary), str(folder / DOCUMENTS))


def read(folder: Path) -> list[dict[str, Any]]:
    """Returns what each held-out document came to at the end of the run in a folder."""
    return [json.loads(line) for line in (folder / DOCUMENTS).read_text().splitlines()]


def _batch(data: HeldOut, rows: slice) -> Batch:
    targets = torch.from_numpy(data.targets_BS[rows])
    return Batch(
        ids_BS=torch.from_numpy(data.ids_BS[rows]),
        targets_BS=targets,
        positions_BS=torch.arange(targets.shape[1]).expand_as(targets),
        documents_BS=torch.where(targets == NO_TARGET, PADDING, 0).to(torch.int32),
    )


def _results(model: Transformer, batch: Batch) -> torch.Tensor:
    """Returns the loss of each slot, and 1 if its target was likeliest (2, B, S), float64, on the CPU."""
    there = batch.to(model.final_norm.device)
    hidden = model(there.ids_BS, there.positions_BS, there.documents_BS)
    found = token_results(hidden.flatten(0, 1), model.output_weight, there.targets_BS.flatten(), model.precision)
    return torch.stack([one.double() for one in found]).view(2, *batch.targets_BS.shape).cpu()


def mean(measured: list[Measured]) -> tuple[float | None, float | None]:
    """Returns (nats per token, bits per byte): means over groups, each with the same weight; None without any."""
    if not measured:
        return None, None
    n = len(measured)
    return sum(one.loss for one in measured) / n, sum(one.bits_per_byte for one in measured) / n
