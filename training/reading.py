"""What a run has read of each document, from the sequences that it took: a run always takes the first ones.

A token counts as read if it was an input. So a run's tokens, without padding, are those of all its documents together.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus.shards.layout import keys as ids_as_keys
from corpus.shards.packing import Packing
from corpus.shards.stream import Stream


@dataclass(frozen=True, slots=True)
class OfGroup:
    """What a run has read of a group."""

    group: str
    documents: int  # different ones
    tokens: int


@dataclass(frozen=True, slots=True)
class OfDocument:
    """What a run has read of a document."""

    tokens: int
    times: int  # occurrences in the stream of which it has read something
    first_step: int | None  # that read some of it, from 1 on; None if none did
    last_step: int | None


def tokens_of_documents(stream: Stream, packing: Packing, n_sequences: int) -> list[npt.NDArray[np.int64]]:
    """Returns for each shard int64 (documents,): tokens of each occurrence that are in the first sequences."""
    if packing.pieces is None or packing.bounds is None:
        end = n_sequences * packing.length
        return [np.maximum(np.minimum(s[1:], end) - np.minimum(s[:-1], end), 0) for s in _starts(stream)]
    pieces = np.asarray(packing.pieces[: packing.bounds[n_sequences]])
    tokens = []
    for starts in _starts(stream):
        inside = pieces[(pieces[:, 0] >= starts[0]) & (pieces[:, 0] < starts[-1])] if len(starts) > 1 else pieces[:0]
        document = np.searchsorted(starts, inside[:, 0], "right") - 1
        tokens.append(np.bincount(document, weights=inside[:, 1], minlength=len(starts) - 1).astype(np.int64))
    return tokens


def by_group(stream: Stream, packing: Packing, n_sequences: int) -> list[OfGroup]:
    """Returns what the first sequences have of each group, the most tokens first."""
    names = stream.about.groups
    tokens = np.zeros(len(names), np.int64)
    seen: list[npt.NDArray[np.void]] = []
    for shard, read in zip(stream.shards, tokens_of_documents(stream, packing, n_sequences), strict=True):
        np.add.at(tokens, np.asarray(shard.groups), read)
        chosen = np.flatnonzero(read)
        rows = np.empty(len(chosen), [("id", "V16"), ("group", "i4")])
        rows["id"] = ids_as_keys(shard.ids[chosen])
        rows["group"] = shard.groups[chosen]
        seen.append(rows)
    documents = np.bincount(_different(np.concatenate(seen))["group"], minlength=len(names))
    groups_read = [OfGroup(name, int(documents[i]), int(tokens[i])) for i, name in enumerate(names) if tokens[i]]
    return sorted(groups_read, key=lambda one: -one.tokens)


def of_document(stream: Stream, packing: Packing, n_sequences: int, per_step: int, document: str) -> OfDocument:
    """Returns what the first sequences have of a document; steps take `per_step` sequences."""
    tokens, times, sequences = 0, 0, []
    for occurrence in stream.occurrences(document):
        if packing.pieces is None or packing.bounds is None:
            last = min(occurrence.end, n_sequences * packing.length)
            read = max(last - occurrence.start, 0)
            sequences += [occurrence.start // packing.length, (last - 1) // packing.length] if read else []
        else:
            pieces = packing.pieces[: packing.bounds[n_sequences]]
            rows = np.flatnonzero((pieces[:, 0] >= occurrence.start) & (pieces[:, 0] < occurrence.end))
            read = int(pieces[rows, 1].sum())
            sequences += (np.searchsorted(packing.bounds, rows, "right") - 1).tolist()
        tokens, times = tokens + read, times + (read > 0)
    if not sequences:
        return OfDocument(0, 0, None, None)
    return OfDocument(tokens, times, int(min(sequences)) // per_step + 1, int(max(sequences)) // per_step + 1)


def _different(keys: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Returns each key once."""
    raw = np.unique(keys.view(f"V{keys.dtype.itemsize}"))
    return raw.view(keys.dtype)


def _starts(stream: Stream) -> list[npt.NDArray[np.int64]]:
    return [np.asarray(shard.starts) for shard in stream.shards]
