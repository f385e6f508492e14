"""Cuts a stream of tokens into sequences of one length, in one of two ways.

  concatenated   sequence i has the S tokens from position i x S on. No slot is empty, and documents are cut anywhere.
  best fit       whole documents are put together so that they fill sequences. Only documents longer than a sequence
                 are cut, and slots at the end of a sequence may stay empty. Source: best-fit decreasing, as Ding et al.
                 2024, arXiv:2404.10830, use it.

A slot is an input token with its target, the token after it. A document of n tokens takes n - 1 slots in a best-fit
packing, because nothing follows the token that ends it.

A packing is arrays, so that any sequence is found in constant time: P pieces of documents, Q sequences.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.shards.stream import Stream

VERSION = 1
_PIECES, _BOUNDS = "pieces.npy", "bounds.npy"


@dataclass(frozen=True)
class Packing:
    """Which positions of a stream each sequence has. Pieces are None if sequence i is at i x length."""

    length: int  # slots of a sequence
    n_sequences: int
    pieces: npt.NDArray[np.int64] | None = None  # (P, 2): position of the first token, number of slots
    bounds: npt.NDArray[np.int64] | None = None  # (Q + 1,): where each sequence's pieces begin
    filled: int = 0  # slots that have a token

    @property
    def utilization(self) -> float:
        """Returns the share of slots that have a token, in [0, 1]."""
        return 1.0 if self.pieces is None else self.filled / max(self.length * self.n_sequences, 1)

    def tokens(self, first: int, end: int) -> int:
        """Returns the slots of the sequences [first, end) that have a token."""
        if self.pieces is None or self.bounds is None:
            return (end - first) * self.length
        return int(self.pieces[self.bounds[first] : self.bounds[end], 1].sum())

    def of(self, sequence: int) -> npt.NDArray[np.int64]:
        """Returns int64 (pieces, 2): position and slots of each piece of a sequence, in order."""
        if self.pieces is None or self.bounds is None:
            return np.array([[sequence * self.length, self.length]], np.int64)
        return np.asarray(self.pieces[self.bounds[sequence] : self.bounds[sequence + 1]])


def concatenated(stream: Stream, length: int) -> Packing:
    """Returns the packing without gaps. The last tokens, which fill no sequence, are left out."""
    n = max(stream.n_tokens - 1, 0) // length
    return Packing(length, n, filled=n * length)


def best_fit(stream: Stream, length: int) -> Packing:
    """Returns the packing of whole documents, shard by shard, so that memory is bounded by a shard's documents.

    Sequences are in the order of their first documents in the stream, so the stream stays shuffled.
    """
    from corpus.shards.filling import fit  # its compiler takes longer to load than a packing to read

    pieces, bounds, n_pieces = [np.empty((0, 2), np.int64)], [np.zeros(1, np.int64)], 0
    for shard in stream.shards:
        cut = _cut(np.asarray(shard.starts), length)
        sequence, n_sequences = fit(cut[:, 1].copy(), length)
        first = np.full(n_sequences, len(cut), np.int64)
        np.minimum.at(first, sequence, np.arange(len(cut)))
        rank = np.empty(n_sequences, np.int64)
        rank[np.argsort(first)] = np.arange(n_sequences)
        order = np.argsort(rank[sequence], kind="stable")
        pieces.append(cut[order])
        bounds.append(n_pieces + np.cumsum(np.bincount(rank[sequence], minlength=n_sequences)))
        n_pieces += len(cut)
    all_pieces, all_bounds = np.concatenate(pieces), np.concatenate(bounds).astype(np.int64)
    return Packing(length, len(all_bounds) - 1, all_pieces, all_bounds, int(all_pieces[:, 1].sum()))


def save(packing: Packing, folder: Path) -> None:
    """Writes a packing's arrays to a folder."""
    assert packing.pieces is not None
    assert packing.bounds is not None
    np.save(folder / _PIECES, packing.pieces, allow_pickle=False)
    np.save(folder / _BOUNDS, packing.bounds, allow_pickle=False)


def load(folder: Path, length: int) -> Packing:
    """Returns a packing whose arrays are mapped into memory."""
    pieces = np.load(folder / _PIECES, mmap_mode="r", allow_pickle=False)
    bounds = np.load(folder / _BOUNDS, mmap_mode="r", allow_pickle=False)
    return Packing(length, len(bounds) - 1, pieces, bounds, int(pieces[:, 1].sum()))


def of(folder: str, stream: Stream, length: int) -> Packing:
    """Returns the packing in a folder; without one (''), that without gaps."""
    return load(Path(folder), length) if folder else concatenated(stream, length)


def _cut(starts: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    """Returns int64 (P, 2): position and slots of each piece of the documents that begin at `starts`, in order."""
    slots = np.maximum(np.diff(starts) - 1, 0)
    n_pieces = -(-slots // length)
    document = np.repeat(np.arange(len(slots)), n_pieces)
    nth = np.arange(len(document)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    size = np.minimum(slots[document] - nth * length, length)
    return np.stack([starts[document] + nth * length, size], axis=1).reshape(-1, 2)
