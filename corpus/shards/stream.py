"""Reads a stream of tokens: any stretch of it, the documents of a stretch, and the positions of a document."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus.shards.layout import HELD_OUT, About, Shard, read_about, shard_folder


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A document in the stream."""

    id: str  # 32 hex digits
    group: str
    start: int  # position of its first token
    end: int  # position after its last token, the one that ends it


@dataclass(frozen=True)
class Stream:
    """The tokens of a mixture in their training order. Opening it reads one small file."""

    folder: Path

    @cached_property
    def about(self) -> About:
        """Returns what the stream is."""
        return read_about(self.folder)

    @cached_property
    def shards(self) -> list[Shard]:
        """Returns its shards, in order."""
        return [Shard(shard_folder(self.folder, i), self.about.dtype) for i in range(len(self.about.tokens))]

    @cached_property
    def held_out(self) -> Shard:
        """Returns the documents that are held out; their positions are those within the shard."""
        return Shard(self.folder / HELD_OUT, self.about.dtype)

    @cached_property
    def _bounds(self) -> npt.NDArray[np.int64]:
        """Returns int64 (shards + 1,): the position where each shard begins, and the end."""
        return np.concatenate([[0], np.cumsum(self.about.tokens)]).astype(np.int64)

    @property
    def n_tokens(self) -> int:
        """Returns the number of tokens of the stream."""
        return int(self._bounds[-1])

    @property
    def n_documents(self) -> int:
        """Returns the number of documents of the stream, repeats included."""
        return sum(self.about.documents)

    def tokens(self, start: int, end: int) -> npt.NDArray[Any]:
        """Returns the tokens at positions [start, end), which must exist."""
        if not 0 <= start <= end <= self.n_tokens:
            raise ValueError(f"positions {start} to {end} are not in a stream of {self.n_tokens} tokens")
        pieces = [
            self.shards[i].tokens[max(start, low) - low : min(end, high) - low]
            for i, low, high in self._touched(start, end)
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, self.about.dtype), *pieces])

    def starts(self, start: int, end: int) -> npt.NDArray[np.int64]:
        """Returns the positions of documents that begin in [start, end), in order."""
        pieces = [np.empty(0, np.int64)]
        for i, _, _ in self._touched(start, end):
            starts = self.shards[i].starts[:-1]
            pieces.append(np.asarray(starts[np.searchsorted(starts, start) : np.searchsorted(starts, end)]))
        return np.concatenate(pieces)

    def document_at(self, position: int) -> Occurrence:
        """Returns the document that has the token at a position."""
        if not 0 <= position < self.n_tokens:
            raise ValueError(f"position {position} is not in a stream of {self.n_tokens} tokens")
        [(i, _, _)] = self._touched(position, position + 1)
        return self._occurrence(self.shards[i], int(np.searchsorted(self.shards[i].starts, position, "right")) - 1)

    def occurrences(self, document_id: str) -> list[Occurrence]:
        """Returns every occurrence of a document in the stream, in order. Reads a few pages of each shard."""
        return [self._occurrence(shard, int(n)) for shard in self.shards for n in shard.find(document_id)]

    def _occurrence(self, shard: Shard, number: int) -> Occurrence:
        group = self.about.groups[int(shard.groups[number])]
        start, end = int(shard.starts[number]), int(shard.starts[number + 1])
        return Occurrence(shard.ids[number].tobytes().hex(), group, start, end)

    def _touched(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Returns (number, first position, end) of the shards that have a token of [start, end)."""
        if start == end:
            return []
        first = int(np.searchsorted(self._bounds, start, "right")) - 1
        last = int(np.searchsorted(self._bounds, end, "left"))
        spans = ((i, int(self._bounds[i]), int(self._bounds[i + 1])) for i in range(first, last))
        return [span for span in spans if span[1] < span[2]]
