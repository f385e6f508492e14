"""Streams of made-up documents: token i of a stream is i modulo 1,000, and each document ends with id 1,001."""

import atexit
import shutil
import tempfile
from hashlib import md5
from pathlib import Path

import numpy as np

from corpus.shards import layout
from corpus.shards.stream import Stream

END = 1001


def stream(lengths: list[int], *, n_shards: int = 1, folder: Path | None = None) -> Stream:
    """A stream of documents of these lengths, the ends included, cut into shards of about equal numbers of documents."""
    folder = folder or _temporary()
    position, sizes = 0, []
    for number, part in enumerate(np.array_split(np.array(lengths, np.int64), n_shards)):
        starts = position + np.concatenate([[0], np.cumsum(part)]).astype(np.int64)
        tokens = (np.arange(starts[0], starts[-1]) % 1000).astype("<u2")
        tokens[starts[1:] - 1 - position] = END
        names = [md5(f"{int(start)}".encode()).hexdigest() for start in starts[:-1]]
        write(layout.shard_folder(folder, number), tokens, starts, names)
        sizes.append((len(tokens), len(part)))
        position = int(starts[-1])
    write(folder / layout.HELD_OUT, np.empty(0, "<u2"), np.zeros(1, np.int64), [])
    tokens_of, documents_of = tuple(t for t, _ in sizes), tuple(d for _, d in sizes)
    layout.About(1, "M", "", "uint16", 1002, END, ("g",), tokens_of, documents_of, 0, 0).write(folder)
    return Stream(folder)


def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="stream-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def write(folder: Path, tokens: np.ndarray, starts: np.ndarray, names: list[str]) -> None:
    """The files of one shard."""
    folder.mkdir(parents=True)
    tokens.tofile(folder / layout.TOKENS)
    ids = layout.id_bytes(names)
    np.save(folder / layout.STARTS, starts)
    np.save(folder / layout.IDS, ids)
    np.save(folder / layout.GROUPS, np.zeros(len(names), np.int32))
    np.save(folder / layout.BY_ID, np.array(sorted(range(len(names)), key=lambda i: names[i]), np.int64))
