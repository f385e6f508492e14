"""Writes the tokens of a mixture in a random order that a seed decides, with a bounded amount of memory.

Each occurrence of a document has a key, and the stream is sorted by keys:

  pass 1   read the table `tokens` a row group at a time; append each occurrence to the file of the shard that its key
           is in. Shards are equal ranges of keys, so they come out at about equal sizes.
  pass 2   shard by shard: read that file, sort it by key, write the shard.

Of a document that occurs r times, each copy's key is in another r-th of the range, in the same place of it. So copies
are far apart, and every stretch of the stream has the mixture's proportions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from numba import njit

from corpus.dedup.shuffle import sorting
from corpus.lake import Lake
from corpus.row_groups import parts_by_number
from corpus.shards import layout
from corpus.text.buffers import string_buffers
from corpus.text.mixing import mix64

SHARD_TOKENS = 1 << 26
_MOST_SHARDS = 512  # whose files are open at once; larger streams have larger shards
_ROW = np.dtype([("key", "<u8"), ("tokens", "<i8"), ("id", "u1", (layout.ID_BYTES,)), ("group", "<i4")])


@dataclass(frozen=True, slots=True)
class Source:
    """The documents of a mixture, and how they are to be written."""

    lake: Lake
    mixture: str
    slot: str  # of the mixture's rows
    seed: int
    tokenizer: str  # key
    dtype: str
    vocab_size: int
    end: int
    shard_tokens: int = SHARD_TOKENS
    document_tokens: int | None = None  # of a longer document, only a piece is written


def write(source: Source, folder: Path, scratch: Path) -> None:
    """Writes the shards of a mixture to a folder; `scratch` is an empty folder for the files of the first pass."""
    rows = source.lake.scan("mixtures", slot=source.slot)
    groups = tuple(rows.select(pl.col("group").unique().sort()).collect()["group"])
    train = rows.filter(pl.col("split") == "train")
    total = int(train.select((pl.col("tokens") * pl.col("repeats")).sum()).collect().item() or 0)
    n_shards = min(max(1, -(-total // source.shard_tokens)), _MOST_SHARDS)

    spills = [_Spill(scratch / f"{number:05}") for number in range(n_shards)]
    held_out = _Spill(scratch / layout.HELD_OUT)
    try:
        for occurrences in _occurrences(source, groups):
            occurrences.append(spills, held_out)
    finally:
        for spill in (*spills, held_out):
            spill.close()

    sizes, position = [], 0
    for number, spill in enumerate(spills):
        sizes.append(spill.shard(layout.shard_folder(folder, number), source, position))
        position += sizes[-1][0]
    held_tokens, held_documents = held_out.shard(folder / layout.HELD_OUT, source, 0)
    layout.About(
        1, source.mixture, source.tokenizer, source.dtype, source.vocab_size, source.end, groups,
        tuple(tokens for tokens, _ in sizes), tuple(documents for _, documents in sizes), held_tokens, held_documents,
    ).write(folder)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Some documents of one row group, with the times that each occurs."""

    ids: npt.NDArray[np.uint8]  # (D, 16)
    groups: npt.NDArray[np.int32]  # (D,)
    repeats: npt.NDArray[np.int32]  # (D,)
    is_held_out: npt.NDArray[np.bool_]  # (D,)
    firsts: npt.NDArray[np.int64]  # (D,) where each begins in `tokens`
    lasts: npt.NDArray[np.int64]  # (D,) where it ends
    tokens: npt.NDArray[Any]
    seed: int
    end: int

    def append(self, spills: list["_Spill"], held_out: "_Spill") -> None:
        """Appends each occurrence to its shard's file."""
        repeats = np.where(self.is_held_out, 1, self.repeats)
        document = np.repeat(np.arange(len(repeats)), repeats)
        copy = np.arange(len(document)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        first = np.frombuffer(self.ids[:, :8].tobytes(), ">u8").astype(np.uint64)
        keys = _keys(first, np.uint64(self.seed), document, copy, repeats)
        n_shards = len(spills)
        shard = (keys >> np.uint64(32)) * np.uint64(n_shards) >> np.uint64(32)
        shard = np.where(self.is_held_out[document], n_shards, shard.astype(np.int64))

        for number in np.unique(shard):
            chosen = np.flatnonzero(shard == number)
            of = document[chosen]
            rows = np.empty(len(chosen), _ROW)
            rows["key"], rows["id"], rows["group"] = keys[chosen], self.ids[of], self.groups[of]
            rows["tokens"] = self.lasts[of] - self.firsts[of] + 1
            tokens = np.empty(int(rows["tokens"].sum()), self.tokens.dtype)
            _gather(self.tokens, self.firsts, self.lasts, of, self.end, tokens)
            (held_out if number == n_shards else spills[number]).append(rows, tokens)


@njit(cache=True, nogil=True)
def _keys(first, seed, document, copy, repeats):
    """Returns uint64: where in the range of keys each occurrence is."""
    keys = np.empty(document.size, np.uint64)
    for i in range(document.size):
        r = np.uint64(repeats[document[i]])
        place = mix64(first[document[i]] ^ mix64(seed + np.uint64(0x5AFF1E)))
        step = np.uint64(0xFFFFFFFFFFFFFFFF) // r
        keys[i] = place // r + np.uint64(copy[i]) * step
    return keys


@njit(cache=True, nogil=True)
def _gather(tokens, firsts, lasts, documents, end, out):
    """Copies the tokens of some documents one after the other, each with the token that ends it."""
    at = 0
    for i in range(documents.size):
        first, last = firsts[documents[i]], lasts[documents[i]]
        out[at : at + last - first] = tokens[first:last]
        at += last - first
        out[at] = end
        at += 1


@njit(cache=True, nogil=True)
def _in_order(tokens, starts, order, out, out_starts):
    """Copies documents in another order."""
    at = 0
    for i in range(order.size):
        first, last = starts[order[i]], starts[order[i] + 1]
        out_starts[i] = at
        out[at : at + last - first] = tokens[first:last]
        at += last - first
    out_starts[order.size] = at


class _Spill:
    """What the first pass appends for one shard: rows, and tokens."""

    def __init__(self, path: Path) -> None:
        self._rows_path, self._tokens_path = path.with_suffix(".rows"), path.with_suffix(".tokens")
        self._rows, self._tokens = open(self._rows_path, "wb"), open(self._tokens_path, "wb")  # noqa: SIM115

    def append(self, rows: npt.NDArray[Any], tokens: npt.NDArray[Any]) -> None:
        """Appends some occurrences."""
        self._rows.write(rows.tobytes())
        self._tokens.write(tokens.tobytes())

    def close(self) -> None:
        """Closes the files."""
        self._rows.close()
        self._tokens.close()

    def shard(self, folder: Path, source: Source, position: int) -> tuple[int, int]:
        """Writes the shard, which begins at a position of the stream; returns (tokens, documents)."""
        rows = np.fromfile(self._rows_path, _ROW)
        tokens = np.fromfile(self._tokens_path, source.dtype)
        starts = np.concatenate([[0], np.cumsum(rows["tokens"])]).astype(np.int64)
        order = sorting(np.ascontiguousarray(rows["key"])) if len(rows) else np.empty(0, np.int64)
        ordered, bounds = np.empty_like(tokens), np.empty(len(rows) + 1, np.int64)
        _in_order(tokens, starts, order, ordered, bounds)

        folder.mkdir(parents=True)
        ordered.astype(ordered.dtype.newbyteorder("<"), copy=False).tofile(folder / layout.TOKENS)
        ids = np.ascontiguousarray(rows["id"][order])
        by_id = np.lexsort(ids.T[::-1]) if len(ids) else np.empty(0, np.int64)
        np.save(folder / layout.STARTS, bounds + position, allow_pickle=False)
        np.save(folder / layout.IDS, ids, allow_pickle=False)
        np.save(folder / layout.GROUPS, np.ascontiguousarray(rows["group"][order]), allow_pickle=False)
        np.save(folder / layout.BY_ID, by_id.astype(np.int64), allow_pickle=False)
        self._rows_path.unlink()
        self._tokens_path.unlink()
        return len(ordered), len(rows)


def _occurrences(source: Source, groups: tuple[str, ...]) -> Iterator[_Occurrences]:
    """Yields the documents of the mixture, a row group at a time."""
    lake = source.lake
    parts = parts_by_number(lake, "tokens")
    place = {group: i for i, group in enumerate(groups)}
    rows = lake.scan("mixtures", slot=source.slot).select("id", "group", "split", "repeats", "row_group", "row")
    ordered = sorted(parts)
    for first in range(0, len(ordered), _AT_ONCE):
        numbers = ordered[first : first + _AT_ONCE]
        near = rows.filter(pl.col("row_group").is_between(numbers[0], numbers[-1])).collect(engine="streaming")
        of_group = near.partition_by("row_group", as_dict=True)
        for number in numbers:
            chosen = of_group.get((number,))
            if chosen is not None and chosen.height:
                yield _of_row_group(source, lake.open_part("tokens", parts[number]).read(), chosen, place)


def _pieces(
    firsts: npt.NDArray[np.int64], lasts: npt.NDArray[np.int64], ids: npt.NDArray[np.uint8],
    is_trained: npt.NDArray[np.bool_], most: int, seed: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # fmt: skip
    """Returns where a piece of each document begins and ends, at a place that its id and the seed decide. What is held
    out is read from its beginning."""
    sizes = lasts - firsts
    room = np.maximum(sizes - most, 0)
    rng = np.frombuffer(ids[:, 8:].tobytes(), ">u8").astype(np.uint64) ^ np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    rng ^= rng >> np.uint64(33)
    rng *= np.uint64(0xFF51AFD7ED558CCD)
    shift = np.where(is_trained, ((rng >> np.uint64(11)) % (room + 1).astype(np.uint64)).astype(np.int64), 0)
    return firsts + shift, firsts + shift + np.minimum(sizes, most)


_AT_ONCE = 64  # row groups whose rows of the mixture are read together


def _of_row_group(source: Source, encoded: pa.Table, chosen: pl.DataFrame, place: dict[str, int]) -> _Occurrences:
    """Returns the documents of one row group that are in the mixture."""
    index = pl.DataFrame({"row": encoded["row"].to_numpy(), "at": np.arange(len(encoded))})
    chosen = chosen.join(index, on="row", how="left", maintain_order="left")
    if chosen["at"].null_count():
        raise RuntimeError("mixture and tokens are about different documents")

    encoded = encoded.select(["ids"]).take(pa.array(chosen["at"].to_numpy())).combine_chunks()
    offsets, data = string_buffers(encoded["ids"])
    tokens = np.frombuffer(data, np.dtype(source.dtype).newbyteorder("<"))
    ids, bounds = layout.id_bytes(chosen["id"].to_list()), offsets // tokens.dtype.itemsize
    firsts, lasts = bounds[:-1], bounds[1:]
    if source.document_tokens is not None:
        is_trained = (chosen["split"] == "train").to_numpy()
        firsts, lasts = _pieces(firsts, lasts, ids, is_trained, source.document_tokens, source.seed)

    return _Occurrences(
        ids,
        chosen["group"].replace_strict(list(place), list(place.values()), return_dtype=pl.Int32).to_numpy(),
        chosen["repeats"].to_numpy(),
        (chosen["split"] == "held_out").to_numpy(),
        firsts,
        lasts,
        tokens,
        source.seed,
        source.end,
    )
