"""Reads files of tokens, as datatrove and Megatron-LM write them: each document is decoded to its text again.

  datatrove   NAME.ds: tokens; NAME.ds.index: uint64, where each document ends, in tokens; NAME.ds.metadata: bytes of a
              token, after the last '|' of its first line
  megatron    NAME.bin: tokens; NAME.idx: header, length and byte offset of each sequence, first sequence of each
              document (indexed_dataset, version 1)

The tokenizer is in neither: the source names its folder. Tokenizers that work on bytes give back the same text. A last
token that ends a document is left out. A document's position is its number in the file.

Shape suffixes: D documents of a file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpus.errors import UserError
from corpus.records import Reject
from corpus.sources.columns import Columns, as_batch
from corpus.sources.files import File
from corpus.tokenizer.loading import Vocabulary, load

DATATROVE, MEGATRON = ".ds", ".bin"
SUFFIXES = (DATATROVE, MEGATRON)
HEADER = b"MMIDIDX\x00\x00"
TYPES = {1: "u1", 3: "<i2", 4: "<i4", 5: "<i8", 8: "<u2"}  # Megatron's codes of integer types
_BATCH_TOKENS = 1 << 18
_METADATA_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class _Index:
    """Where a file's documents are."""

    dtype: np.dtype[Any]  # of a token
    starts_D: npt.NDArray[np.int64]  # first token
    ends_D: npt.NDArray[np.int64]  # token after the last one


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns ranges of documents with about `n_bytes` of tokens each; a file whose index is damaged is not cut."""
    if file.n_bytes <= n_bytes:
        return [None]
    try:
        index = _index(file)
    except (OSError, ValueError):
        return [None]
    if not len(index.ends_D):
        return [None]
    piece_D = index.ends_D * index.dtype.itemsize // n_bytes
    firsts = [0, *(np.flatnonzero(np.diff(piece_D)) + 1).tolist(), len(piece_D)]
    return list(pairwise(firsts))


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[pa.RecordBatch | Reject]:
    """Yields batches of the texts of a range of documents."""
    try:
        index = _index(file)
        vocabulary = _loaded(options["tokenizer"])
    except (OSError, ValueError, UserError) as error:
        yield Reject(file.uri, "", "corrupt", str(error))
        return
    first, end = span or (0, len(index.ends_D))
    with file.open() as stream:
        for numbers in _batches(index.ends_D - index.starts_D, first, end):
            documents: dict[int, list[int]] = {}
            for number in numbers:
                ids = _ids(stream, index, number, options["max_record_bytes"], vocabulary)
                if isinstance(ids, tuple):
                    yield Reject(f"{file.uri}#{number}", str(number), *ids)
                else:
                    documents[number] = ids
            texts = vocabulary.tokenizer.decode_batch(list(documents.values()), skip_special_tokens=False)
            table = pa.table({"text": pa.array(texts, pa.large_string())})
            batch, rejects = as_batch(table, pa.array(map(str, documents), pa.string()), file, Columns())
            yield batch
            yield from rejects


def _ids(
    stream: BinaryIO, index: _Index, number: int, most: int, vocabulary: Vocabulary
) -> list[int] | tuple[str, str]:
    """Returns the ids of a document without the one that ends it; or reason and detail of a reject."""
    size, start, end = index.dtype.itemsize, int(index.starts_D[number]), int(index.ends_D[number])
    if (end - start) * size > most:
        return "too_large", f"{(end - start) * size} bytes of tokens; at most {most}"
    stream.seek(start * size)
    raw = stream.read((end - start) * size)
    if len(raw) < (end - start) * size:
        return "corrupt", "the file ends before its tokens do"

    ids = np.frombuffer(raw, index.dtype)
    unknown = ids[(ids < 0) | (ids >= vocabulary.size)]
    if len(unknown):
        return "corrupt", f"id {unknown[0]} is not one of the tokenizer's {vocabulary.size}"
    known: list[int] = ids.tolist()
    return known[:-1] if known and known[-1] == vocabulary.end else known


def _batches(size_D: npt.NDArray[np.int64], first: int, end: int) -> Iterator[range]:
    """Yields the numbers of documents, so many at once that their texts fit into a batch."""
    piece = np.cumsum(size_D[first:end]) // _BATCH_TOKENS
    bounds = [first, *(first + np.flatnonzero(np.diff(piece)) + 1).tolist(), end]
    return (range(low, high) for low, high in pairwise(bounds) if low < high)


@lru_cache(maxsize=2)
def _loaded(path: str) -> Vocabulary:
    return load(path)


def _index(file: File) -> _Index:
    """Reads and checks the index beside a file of tokens; raises ValueError if they do not belong together."""
    index = _megatron(file) if file.path.lower().endswith(MEGATRON) else _datatrove(file)
    starts, ends = index.starts_D, index.ends_D
    if len(ends) and ((ends < starts).any() or starts[0] < 0 or (starts[1:] < ends[:-1]).any()):
        raise ValueError("the index has documents that overlap")
    if len(ends) and int(ends[-1]) * index.dtype.itemsize > file.n_bytes:
        raise ValueError(f"the index has {int(ends[-1])} tokens, more than the {file.n_bytes} bytes of the file hold")
    return index


def _datatrove(file: File) -> _Index:
    raw = _beside(file, file.path + ".index")
    if len(raw) % 8:
        raise ValueError("the index is cut off")
    ends = np.frombuffer(raw, "<u8").astype(np.int64)
    starts = np.concatenate([np.zeros(min(len(ends), 1), np.int64), ends[:-1]])
    try:
        stated = _beside(file, file.path + ".metadata")[:_METADATA_BYTES].split(b"\n")[0].rpartition(b"|")[2]
        size = int(stated)
    except (OSError, ValueError):
        size = file.n_bytes // max(int(ends[-1]) if len(ends) else 0, 1)
    if size not in (2, 4):
        raise ValueError(f"a token has {size} bytes; 2 and 4 are known")
    return _Index(np.dtype(f"<u{size}"), starts, ends)


def _megatron(file: File) -> _Index:
    raw = _beside(file, file.path[: -len(MEGATRON)] + ".idx")
    if not raw.startswith(HEADER):
        raise ValueError("the index is none of Megatron-LM's")
    try:
        version, code, n_sequences, n_bounds = struct.unpack_from("<QBQQ", raw, len(HEADER))
        at = len(HEADER) + struct.calcsize("<QBQQ")
        lengths = np.frombuffer(raw, "<i4", n_sequences, at).astype(np.int64)
        offsets = np.frombuffer(raw, "<i8", n_sequences, at + 4 * n_sequences)
        bounds = np.frombuffer(raw, "<i8", n_bounds, at + 12 * n_sequences)
    except (struct.error, ValueError, OverflowError) as error:
        raise ValueError(f"the index is cut off: {error}") from error
    if version != 1 or code not in TYPES:
        raise ValueError(f"version {version} with type {code}; version 1 with integers is known")
    dtype = np.dtype(TYPES[code])
    if len(bounds) < 1 or bounds[0] != 0 or (np.diff(bounds) < 0).any() or bounds[-1] > n_sequences:
        raise ValueError("the index has documents that are out of order")

    # A document has the sequences from its bound to the next one; they follow one another in the file.
    begins = np.append(offsets // dtype.itemsize, 0)
    ends = np.append(offsets // dtype.itemsize + lengths, 0)
    has_any = np.diff(bounds) > 0
    return _Index(dtype, begins[bounds[:-1]][has_any], ends[bounds[1:] - 1][has_any])


def _beside(file: File, path: str) -> bytes:
    with replace(file, path=path).open() as stream:
        return stream.read()
