"""Erases documents from token shards: their tokens become padding, where they are.

Positions and the index stay, so what a run has read can still be traced. Shards with an erased document are of no use
for training: a mixture without it has other shards.
"""

import json
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus import durable, manifest
from corpus.lake import Lake
from corpus.shards.layout import TOKENS, Shard, id_bytes, keys
from corpus.shards.stream import Stream


def erase(lake: Lake, folder: Path, remote: str, ids: frozenset[str]) -> int:
    """Overwrites the tokens of some documents; returns the occurrences. `remote` is the folder in the lake."""
    stream = Stream(folder)
    wanted = keys(id_bytes(sorted(ids)))
    n = sum(_erase(shard, stream.about.end, wanted) for shard in (*stream.shards, stream.held_out))
    if n:
        about = json.loads((folder / manifest.NAME).read_text())
        about.pop("files")
        manifest.write(folder, about | {"erased": about.get("erased", 0) + n})
        if not lake.is_local:
            manifest.put(lake.fs, folder, remote)
    return n


def _erase(shard: Shard, filling: int, ids: npt.NDArray[np.void]) -> int:
    starts = np.asarray(shard.starts)
    spans = [(int(starts[number]), int(starts[number + 1])) for number in np.flatnonzero(shard.among(ids))]
    if not spans:
        return 0
    tokens, first = np.array(shard.tokens), int(starts[0])
    for start, end in spans:
        tokens[start - first : end - first] = filling
    temporary = shard.folder / f".{TOKENS}"
    tokens.tofile(temporary)
    durable.publish(str(temporary), os.path.join(shard.folder, TOKENS))
    return len(spans)
