"""The files of token shards, as the artifact `token-shards` has them.

  shards.json          what the stream is: type of a token, number of ids, tokenizer, groups, sizes
  00000/tokens.bin     the tokens of a shard, little-endian, each document with the token that ends it
  00000/starts.npy     int64 (documents + 1,): where each document begins in the whole stream, and where the shard ends
  00000/ids.npy        uint8 (documents, 16): their ids
  00000/groups.npy     int32 (documents,): their group, as its place in `groups` of shards.json
  00000/by_id.npy      int64 (documents,): their order by id, so that a document is found by bisection
  held_out/            the same for documents that are held out; they are no part of the stream

A position is the number of a token in the whole stream. A document that is repeated occurs more than once.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus.errors import UserError

NAME, HELD_OUT = "shards.json", "held_out"
TOKENS, STARTS, IDS, GROUPS, BY_ID = "tokens.bin", "starts.npy", "ids.npy", "groups.npy", "by_id.npy"
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class About:
    """What a stream of tokens is."""

    version: int
    mixture: str
    tokenizer: str  # key of the artifact; '' for tokens that came from elsewhere
    dtype: str  # of a token: uint16 or uint32
    vocab_size: int
    end: int  # id of the token that ends a document
    groups: tuple[str, ...]
    tokens: tuple[int, ...]  # of each shard
    documents: tuple[int, ...]  # of each shard
    held_out_tokens: int
    held_out_documents: int

    def write(self, folder: Path) -> None:
        """Writes it to a folder."""
        (folder / NAME).write_text(json.dumps(asdict(self), indent=1) + "\n")


def read_about(folder: Path) -> About:
    """Returns what a folder's stream is; raises `UserError` if the folder has none."""
    try:
        values: dict[str, Any] = json.loads((folder / NAME).read_text())
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return About(**values)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{folder}: it has no token shards: {error}") from error


def shard_folder(folder: Path, number: int) -> Path:
    """Returns the folder of a shard."""
    return folder / f"{number:05}"


@dataclass(frozen=True)
class Shard:
    """One shard, mapped into memory: a read touches only the pages that it needs."""

    folder: Path
    dtype: str

    @cached_property
    def tokens(self) -> npt.NDArray[Any]:
        """Returns (tokens,) of the shard."""
        path = self.folder / TOKENS
        if path.stat().st_size == 0:
            return np.empty(0, self.dtype)
        return np.memmap(path, np.dtype(self.dtype).newbyteorder("<"), "r")

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Returns int64 (documents + 1,): positions in the stream."""
        return self._array(STARTS)

    @cached_property
    def ids(self) -> npt.NDArray[np.uint8]:
        """Returns uint8 (documents, 16)."""
        return self._array(IDS)

    @cached_property
    def groups(self) -> npt.NDArray[np.int32]:
        """Returns int32 (documents,)."""
        return self._array(GROUPS)

    @cached_property
    def by_id(self) -> npt.NDArray[np.int64]:
        """Returns int64 (documents,): the documents in the order of their ids."""
        return self._array(BY_ID)

    def _array(self, name: str) -> npt.NDArray[Any]:
        path = self.folder / name
        loaded: npt.NDArray[Any] = np.load(path, allow_pickle=False)
        return loaded if loaded.size == 0 else np.load(path, mmap_mode="r", allow_pickle=False)

    def find(self, document_id: str) -> npt.NDArray[np.int64]:
        """Returns the numbers of a document's occurrences in the shard, in order. Bisects, and reads a few pages."""
        wanted = bytes.fromhex(document_id)
        low, high = self._bound(wanted, after=False), self._bound(wanted, after=True)
        return np.sort(np.asarray(self.by_id[low:high]))

    def among(self, ids: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
        """Returns bool (documents,): which occurrences are of some documents, given as `keys` of their ids."""
        return np.isin(keys(np.asarray(self.ids)), ids)

    def _bound(self, wanted: bytes, *, after: bool) -> int:
        low, high = 0, len(self.by_id)
        while low < high:
            middle = (low + high) // 2
            value = self.ids[self.by_id[middle]].tobytes()
            if value < wanted or (after and value == wanted):
                low = middle + 1
            else:
                high = middle
        return low


def id_bytes(ids: list[str]) -> npt.NDArray[np.uint8]:
    """Returns uint8 (n, 16) of ids of 32 hex digits."""
    return np.frombuffer(bytes.fromhex("".join(ids)), np.uint8).reshape(-1, ID_BYTES)


def keys(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.void]:
    """Returns (n,): each id as one value of 16 bytes, which can be compared as a whole."""
    return np.ascontiguousarray(ids).view(f"V{ID_BYTES}").ravel()
