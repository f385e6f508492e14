"""Token shards in the formats of other trainers, for a folder that does not exist yet.

  datatrove   00000_mixture.ds: tokens; .ds.index: uint64 end of each document, in tokens; .ds.metadata: tokenizer and
              sizes. Nanotron and datatrove's own datasets read them.
  megatron    mixture.bin: tokens; mixture.idx: header, sizes and byte offsets of each document (Megatron-LM's
              indexed_dataset, version 1)

Sources: datatrove's `pipeline/tokens`, Megatron-LM's `megatron/core/datasets/indexed_dataset.py`.
"""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from corpus.errors import UserError, unknown
from corpus.shards.stream import Stream

_MEGATRON_HEADER = b"MMIDIDX\x00\x00"
_MEGATRON_TYPES = {"uint16": 8, "uint32": 4}  # 4 is int32 there, which has the same bits below 2^31 ids


def datatrove(stream: Stream, folder: Path, name: str) -> None:
    """Writes a file per shard, with its index."""
    size = np.dtype(stream.about.dtype).itemsize
    for number, shard in enumerate(stream.shards):
        path = folder / f"{number:05}_{name}.ds"
        np.asarray(shard.tokens).tofile(path)
        starts = np.asarray(shard.starts)
        (starts[1:] - starts[0]).astype("<u8").tofile(f"{path}.index")
        n = len(shard.tokens)
        Path(f"{path}.metadata").write_text(f"{name}|{size}\n{n}\n{n}")


def megatron(stream: Stream, folder: Path, name: str) -> None:
    """Writes one file of tokens, and its index."""
    lengths, size = [], np.dtype(stream.about.dtype).itemsize
    with open(folder / f"{name}.bin", "wb") as file:
        for shard in stream.shards:
            np.asarray(shard.tokens).tofile(file)
            lengths.append(np.diff(np.asarray(shard.starts)))
    length = np.concatenate([np.empty(0, np.int64), *lengths])
    with open(folder / f"{name}.idx", "wb") as file:
        file.write(_MEGATRON_HEADER + struct.pack("<QB", 1, _MEGATRON_TYPES[stream.about.dtype]))
        file.write(struct.pack("<QQ", len(length), len(length) + 1))
        length.astype("<i4").tofile(file)
        (np.concatenate([[0], np.cumsum(length)[:-1]])[: len(length)] * size).astype("<i8").tofile(file)
        np.arange(len(length) + 1).astype("<i8").tofile(file)


FORMATS: dict[str, Callable[[Stream, Path, str], None]] = {"datatrove": datatrove, "megatron": megatron}


def write(stream: Stream, out: str, kind: str, name: str) -> None:
    """Writes a stream to a new folder; raises `UserError` for an unknown format or a folder that has something."""
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)
    folder = Path(out).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{out}: there is something already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    FORMATS[kind](stream, folder, name)
