"""Corpora of any size from real text: documents of resampled phrases, with planted copies of known similarity."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus import schema
from corpus.ingest.steps import VERSION, document_ids
from corpus.lake import Lake, Lineage
from corpus.text.buffers import string_array, string_buffers
from corpus.text.normal import normalize

_CHUNK = 50_000
SIMILARITIES = (0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Planned:
    """What each document is made of: the phrases of document `base`, with this share of its words exchanged."""

    base: npt.NDArray[np.int64]
    rate: npt.NDArray[np.float64]

    @property
    def copies(self) -> npt.NDArray[np.int64]:
        """The documents that are edited copies; each follows its original somewhere behind it."""
        return np.flatnonzero(self.base != np.arange(len(self.base)))


def planned(n_documents: int, share: float = 0.05, seed: int = 0) -> Planned:
    """A plan in which `share` of the documents are copies, edited to Jaccard similarities from 0.5 to 0.95."""
    draw = np.random.default_rng(seed)
    base, rate = np.arange(n_documents), np.zeros(n_documents)
    copies = np.sort(draw.choice(np.arange(1, n_documents), int(n_documents * share), replace=False))
    originals = np.setdiff1d(np.arange(n_documents), copies)
    chosen = draw.choice(originals, len(copies), replace=False)
    jaccard = draw.uniform(*SIMILARITIES, len(copies))
    base[copies] = chosen
    rate[copies] = 1 - (2 * jaccard / (1 + jaccard)) ** (1 / 5)  # each edit breaks five shingles of five words
    return Planned(base, rate)


def texts(source: pa.Array, plan: Planned, start: int, end: int) -> pa.Array:
    """Documents start to end of the plan."""
    _, data = string_buffers(source)
    words = normalize(source)
    numbers = np.arange(start, end)
    capacity = int((end - start) * 16 * 24 * 17)
    out, out_offsets = np.empty(capacity, np.uint8), np.zeros(end - start + 1, np.int64)
    n_bytes = _write(
        data, words.start, words.end, plan.base[start:end], plan.rate[start:end], numbers, out, out_offsets
    )
    return string_array(out_offsets, out[:n_bytes])


@njit(cache=True)
def _next(state):
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, z ^ (z >> np.uint64(31))


@njit(cache=True)
def _write(data, starts, ends, base, rate, numbers, out, out_offsets):
    n, n_words = 0, np.uint64(starts.size - 64)
    for d in range(base.size):
        state = np.uint64(base[d]) * np.uint64(0xD1342543DE82EF95)
        edits = np.uint64(numbers[d]) * np.uint64(0x9FB21C651E98DF25)
        state, value = _next(state)
        for _ in range(2 + value % np.uint64(14)):  # phrases
            state, value = _next(state)
            first = np.int64(value % n_words)
            state, value = _next(state)
            for w in range(first, first + np.int64(8 + value % np.uint64(17))):
                word = w
                if rate[d] > 0:
                    edits, value = _next(edits)
                    if value < np.uint64(rate[d] * 1.8446744073709550e19):
                        edits, value = _next(edits)
                        word = np.int64(value % n_words)
                i = starts[word]
                while i < ends[word] and (i < starts[word] + 12 or data[i] & 0xC0 == 0x80):  # whole characters
                    out[n] = data[i]
                    n += 1
                    i += 1
                out[n] = 32
                n += 1
        out_offsets[d + 1] = n
    return n


def write(lake: Lake, source: pa.Array, plan: Planned, name: str = "made") -> int:
    """Commits the documents of the plan to a lake; returns their bytes of text."""
    slot, keys, total = f"ingest-{name}", [], 0
    for start in range(0, len(plan.base), _CHUNK):
        end = min(start + _CHUNK, len(plan.base))
        made = texts(source, plan, start, end)
        uri = pa.array([str(i) for i in range(start, end)])
        columns: list[Any] = [
            document_ids(name, uri, pa.array([""] * len(uri))), pa.array([name] * len(uri)), uri, made,
            pa.nulls(len(uri), pa.string()), pa.array([[]] * len(uri), pa.map_(pa.string(), pa.string())),
        ]  # fmt: skip
        keys.append(f"{start:08}")
        with lake.part_writer("documents", slot, keys[-1], schema.TABLES["documents"].schema) as writer:
            writer.write(pa.record_batch(columns, schema=schema.TABLES["documents"].schema))
        total += made.nbytes
    lineage = Lineage(f"ingest:{name}", slot, str(len(plan.base)), stage_version=VERSION)
    lake.commit("documents", {slot: keys}, lineage)
    return total


def parts(source: pa.Array, plan: Planned) -> Iterator[pa.Array]:
    """All documents, in chunks."""
    for start in range(0, len(plan.base), _CHUNK):
        yield texts(source, plan, start, min(start + _CHUNK, len(plan.base)))
