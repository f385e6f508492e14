"""Kept documents for other tools: one file, or a folder of them that `datasets`, datatrove and pandas open.

A folder is a Hugging Face dataset: `data/train-00000.parquet` and so on, and a card, README.md, that says what the
documents are and what made them. A file has its card beside it. Either is there when it is whole, and not before.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from pomona import standing
from pomona.destination import new_file, new_folder
from pomona.export import card
from pomona.export.shards import FORMATS, Shards, format_of, metadata_keys
from pomona.kept_documents import COLUMNS, batches

SHARD_BYTES = 500_000_000  # what Hugging Face makes of a large dataset, too
_CARD, _DATA = "README.md", "data"


@dataclass(slots=True)
class Counts:
    """What was written, counted on the documents as they were written."""

    documents: int = 0
    text_bytes: int = 0
    sources: dict[str, list[int]] = field(default_factory=dict)  # documents and bytes of text
    licenses: Counter[str] = field(default_factory=Counter)  # documents
    files: int = 0
    file_bytes: int = 0
    memory_bytes: int = 0  # as Arrow holds them
    metadata_keys: list[str] = field(default_factory=list)

    def add(self, rows: pl.DataFrame) -> None:
        """Counts some documents."""
        sizes = rows.group_by("source").agg(pl.len(), pl.col("text").str.len_bytes().sum())
        for name, n_documents, n_bytes in sizes.iter_rows():
            before = self.sources.setdefault(name, [0, 0])
            self.sources[name] = [before[0] + n_documents, before[1] + n_bytes]
            self.documents += n_documents
            self.text_bytes += n_bytes
        self.licenses.update(dict(rows["license"].fill_null(card.NOT_STATED).value_counts().iter_rows()))


def export(
    lake: Lake, out: str, *, kind: str | None = None, shard_bytes: int | None = None, replace: bool = False
) -> dict[str, Any]:
    """Writes the kept documents, without what was cut, to a file or, where `out` has no suffix, to a folder.

    `kind` is one of `FORMATS`; `shard_bytes` is about what a file of a folder holds. Raises `UserError` where nothing
    is kept, a stage is out of date, or the lake changes meanwhile; then nothing is left at `out`.
    """
    is_folder = _is_folder(out)
    if kind is not None and kind not in FORMATS:
        raise unknown("--format", kind, FORMATS)
    if not is_folder and format_of(out) is None:
        names = ", ".join(f".{name}" for name in FORMATS)
        raise UserError(f"cannot tell the format of {out}; end the name in one of {names}, or in / for a folder")
    if not is_folder and (kind is not None or shard_bytes is not None):
        raise UserError(f"{out} is one file, and its name says its format; --format and --shard-bytes are for a folder")
    standing.require(lake)
    return (
        _to_folder(lake, out, kind or FORMATS[0], shard_bytes or SHARD_BYTES, replace)
        if is_folder
        else _to_file(lake, out)
    )


def _is_folder(out: str) -> bool:
    name = out.rpartition("/")[2]
    return not name or not Path(name).suffix or ("://" not in out and Path(out).is_dir())


def _to_file(lake: Lake, out: str) -> dict[str, Any]:
    beside = f"{out}.md"
    with new_file(beside) as card_path, new_file(out) as path:
        counts = _write(lake, str(format_of(out)), lambda _: path, None, lambda _: None)
        text = card.text(lake, out.rpartition("/")[2], counts, None)
        card_path.write_text(text, encoding="utf-8")
    return {"file": out, "card": beside} | _told(counts)


def _to_folder(lake: Lake, out: str, kind: str, shard_bytes: int, replace: bool) -> dict[str, Any]:
    with new_folder(out, replace=replace, last=_CARD, ours=(_CARD, _DATA)) as folder:
        data = folder.root / _DATA
        data.mkdir()
        counts = _write(lake, kind, lambda i: data / f"train-{i:05}.{kind}", shard_bytes, folder.done)
        text = card.text(lake, out.rstrip("/").rpartition("/")[2], counts, f"{_DATA}/train-*.{kind}")
        (folder.root / _CARD).write_text(text, encoding="utf-8")
    return {"folder": out, "card": f"{out.rstrip('/')}/{_CARD}", "files": counts.files} | _told(counts)


def _told(counts: Counts) -> dict[str, int]:
    return {"documents": counts.documents, "text_bytes": counts.text_bytes, "file_bytes": counts.file_bytes}


def _write(
    lake: Lake, kind: str, path: Callable[[int], Path], n_bytes: int | None, done: Callable[[Path], None]
) -> Counts:
    """Writes the kept documents; raises `UserError` where there is none, or another command changes the lake."""
    before = standing.key(lake)
    counts = Counts(metadata_keys=metadata_keys(lake))
    with Shards(counts.metadata_keys, kind, path, n_bytes, done) as shards:
        for rows in batches(lake, COLUMNS):
            counts.add(rows)
            shards.write(rows.to_arrow())
    if not counts.documents:
        raise UserError(f"lake {lake.url} holds no kept document; nothing was exported")
    if standing.key(lake) != before:
        raise UserError(f"lake {lake.url} was changed by another command meanwhile; export again when it has ended")
    counts.files, counts.file_bytes, counts.memory_bytes = shards.n_files, shards.file_bytes, shards.memory_bytes
    return counts
