"""What the stages of a tokenizer run: make the tokenizer, measure it, and encode the kept documents.

make()          a sample, or the files of another tokenizer  → the artifact
MeasureStep     documents that were held out                 → bytes per token by source, beside other tokenizers
TokensStep      a row group of documents                     → their tokens
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpus import artifacts, schema
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.remaining import exported, remaining
from corpus.row_groups import RowGroup
from corpus.task import All, WorkItem, digest
from corpus.text.buffers import slices, string_buffers
from corpus.tokenizer import learning
from corpus.tokenizer.loading import FILE, SETTINGS, load
from corpus.tokenizer.sampling import Sample, sample

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Encoder

VERSION = 1  # raise it when the same documents and settings give other files or rows
KIND = "tokenizer"  # of artifact
OWN = "own"
AFM_SIZE = 49_152  # ids of AFM-on-device (paper section 1.2)
_MEASURED_BYTES = 20_000_000  # of text that shows how well tokenizers fit
_BATCH_BYTES = 1 << 20
_COPIED = (FILE, SETTINGS, "special_tokens_map.json", "chat_template.jinja", "added_tokens.json")


def files_key(path: str) -> str:
    """Returns a hash of the files of a tokenizer that exists."""
    folder = load(path).folder
    hashes = [blake2b((folder / name).read_bytes()).hexdigest() for name in _COPIED if (folder / name).is_file()]
    return digest(hashes)


def copy(path: str, folder: Path) -> None:
    """Copies the files of a tokenizer that exists."""
    source = load(path).folder
    for name in _COPIED:
        if not (source / name).is_file():
            continue
        if name.endswith(".json"):
            _require_json(source / name)  # it may be a link to any file of this machine
        shutil.copyfile(source / name, folder / name)


def _require_json(file: Path) -> None:
    try:
        json.loads(file.read_text())
    except (ValueError, RecursionError) as error:
        raise UserError(f"tokenizer: {file} is no JSON") from error


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the tokenizer of a lake."""

    lake: Lake
    artifact: artifacts.Artifact
    mixture: Mixture
    slots: tuple[str, ...]  # stages that have decided
    vocab_size: int
    fewer: bool  # whether the vocabulary may be smaller
    sample_bytes: int
    path: str | None

    def __call__(self) -> None:
        """Makes the artifact, unless the lake has it."""
        artifacts.ensure(self.lake, self.artifact, self._write)

    def _write(self, folder: Path) -> None:
        if self.path is not None:
            copy(self.path, folder)
            return
        chosen = sample(self.lake, self.mixture, self.slots, self.sample_bytes)
        learning.learn(_strings(chosen), self.vocab_size, folder, fewer=self.fewer)


def _strings(chosen: Sample) -> Iterator[str]:
    for documents in chosen.texts("train"):
        yield from documents["text"].to_list()


@dataclass(frozen=True, slots=True)
class MeasureStep:
    """Measures how many bytes a token holds, by source, for the lake's tokenizer and others."""

    spec_type: ClassVar = All
    lake: Lake
    key: str  # of the tokenizer
    mixture: Mixture
    slots: tuple[str, ...]
    compare: tuple[str, ...]

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `tokenizers`."""
        from corpus.tokenizer.encoding import Encoder  # here and below, since it loads a compiler

        chosen = sample(self.lake, self.mixture, self.slots, _MEASURED_BYTES)
        split = "held_out" if (chosen.rows["split"] == "held_out").any() else "train"
        encoders = {OWN: Encoder(load(folder(self.lake, self.key)))}
        encoders |= {path: Encoder(load(path)) for path in self.compare}

        counts: dict[tuple[str, str], list[int]] = {}
        n_bytes = 0
        for documents in chosen.texts(split):
            for (source,), rows in documents.group_by("source", maintain_order=True):
                for name, encode in encoders.items():
                    counted = counts.setdefault((name, str(source)), [0, 0, 0])
                    measured = [rows.height, int(rows["text"].str.len_bytes().sum()), _n_tokens(encode, rows["text"])]
                    counted[:] = [a + b for a, b in zip(counted, measured, strict=True)]
            n_bytes += int(documents["text"].str.len_bytes().sum())
            if n_bytes > _MEASURED_BYTES:
                break
        yield "tokenizers", _rows(counts, encoders)


def _n_tokens(encode: "Encoder", texts: pl.Series) -> int:
    return len(encode(texts.to_arrow().cast(pa.large_string()))[0])


def _rows(counts: dict[tuple[str, str], list[int]], encoders: "dict[str, Encoder]") -> pa.RecordBatch:
    rows = [
        {
            "tokenizer": name, "vocab_size": encoders[name].vocabulary.size, "source": source, "documents": n,
            "bytes": n_bytes, "tokens": n_tokens,
        }
        for (name, source), (n, n_bytes, n_tokens) in counts.items()
    ]  # fmt: skip
    return pa.RecordBatch.from_pylist(rows, schema.table("tokenizers").schema)


def folder(lake: Lake, key: str) -> Path:
    """Returns the folder of a tokenizer on this machine; raises `UserError` if the lake does not have it whole."""
    found = artifacts.find(lake, KIND, key)
    if found is None:
        raise UserError(f"the lake's tokenizer {key} is lost or damaged; run the command that made it again")
    return found


@dataclass(frozen=True, slots=True)
class TokensStep:
    """Encodes the kept documents of one row group."""

    spec_type: ClassVar = RowGroup
    lake: Lake
    key: str  # of the tokenizer
    slots: tuple[str, ...]

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `tokens`, in the order of documents."""
        from corpus.tokenizer.encoding import encoder

        group: RowGroup = item.spec
        remains = remaining(self.lake, self.slots, [group.number])
        n_rows = self.lake.open_part("documents", group.part).metadata.row_group(group.row_group).num_rows
        rows = remains.rows_of(group.number, n_rows).astype(np.int32)
        if not len(rows):
            return
        documents = exported(self.lake, remains, group.part, group.row_group, ["id", "source", "text"])
        encode = encoder(folder(self.lake, self.key))
        text = documents["text"].to_arrow().cast(pa.large_string())
        offsets, _ = string_buffers(text)

        for first, end in slices(offsets, _BATCH_BYTES):
            tokens, lengths = encode(text.slice(first, end - first))
            columns = [
                documents["id"][first:end].to_arrow().cast(pa.string()),
                documents["source"][first:end].to_arrow().cast(pa.string()),
                pa.array(lengths + 1),
                _binary(tokens, lengths),
                pa.array(np.full(end - first, group.number)),
                pa.array(rows[first:end]),
            ]
            yield "tokens", pa.record_batch(columns, schema=schema.table("tokens").schema)


def _binary(tokens: np.ndarray, lengths: np.ndarray) -> pa.Array:
    """Returns the tokens of each document as one binary value."""
    little = tokens.astype(tokens.dtype.newbyteorder("<"), copy=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64) * little.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(little.tobytes())]
    return pa.Array.from_buffers(pa.large_binary(), len(lengths), buffers)
