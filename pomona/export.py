"""Kept documents as Parquet or JSON Lines, with a data card that says what they are and what made them."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import __version__, standing
from pomona.kept_documents import COLUMNS, batches

FORMATS = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")


def export(lake: Lake, out: str) -> dict[str, Any]:
    """Writes the kept documents, without what was cut, and a card beside them; the file appears when it is whole."""
    if not out.endswith(FORMATS):
        raise UserError(f"cannot tell the format of {out}; end the name in one of {', '.join(FORMATS)}")
    target = Path(out)
    if not target.parent.is_dir():
        raise UserError(f"the folder {target.parent} does not exist; make it first")
    standing.require(lake)
    before = standing.key(lake)
    temporary = target.with_name(f".{target.name}-{uuid4().hex[:8]}.tmp")
    try:
        counts = _write(lake, temporary, out)
        if not counts["documents"]:
            raise UserError(f"lake {lake.url} holds no kept document; nothing was exported")
        if standing.key(lake) != before:
            raise UserError(f"lake {lake.url} was changed by another command meanwhile; export again when it has ended")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    card = target.with_name(f"{target.name}.md")
    card.write_text(data_card(lake, out, counts))
    return {"file": str(target), "card": str(card)} | {name: counts[name] for name in ("documents", "text_bytes")}


def _write(lake: Lake, temporary: Path, out: str) -> dict[str, Any]:
    """Writes the kept documents; returns what the card says of them, counted on the texts as they were written."""
    by_source: dict[str, list[int]] = {}  # documents and bytes of text
    licenses = Counter[str]()
    with _writer(temporary, out) as writer:
        for rows in batches(lake, COLUMNS):
            writer.write(rows)
            sizes = rows.group_by("source").agg(pl.len(), pl.col("text").str.len_bytes().sum())
            for name, n_documents, n_bytes in sizes.iter_rows():
                before = by_source.setdefault(name, [0, 0])
                by_source[name] = [before[0] + n_documents, before[1] + n_bytes]
            licenses.update(dict(rows["license"].fill_null("not stated").value_counts().iter_rows()))
    n_documents, n_bytes = (sum(counts[i] for counts in by_source.values()) for i in (0, 1))
    return {"documents": n_documents, "text_bytes": n_bytes, "sources": by_source, "licenses": licenses}


class _ParquetOut:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> "_ParquetOut":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer:
            self._writer.close()

    def write(self, rows: pl.DataFrame) -> None:
        """One row group."""
        arrow = rows.to_arrow()
        arrow = arrow.set_column(
            arrow.column_names.index("metadata"), "metadata", arrow["metadata"].cast(pa.map_(pa.string(), pa.string()))
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, arrow.schema, compression="zstd")
        self._writer.write_table(arrow)


class _JsonOut:
    def __init__(self, path: Path, out: str) -> None:
        self._file: Any = open(path, "wb")  # noqa: SIM115 - closed in __exit__
        self._raw = self._file
        if out.endswith(".gz"):
            import gzip

            self._file = gzip.GzipFile(fileobj=self._raw, mode="wb", mtime=0)
        elif out.endswith(".zst"):
            import zstandard

            self._file = zstandard.ZstdCompressor().stream_writer(self._raw, closefd=False)

    def __enter__(self) -> "_JsonOut":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._raw.closed:
            self._raw.close()

    def write(self, rows: pl.DataFrame) -> None:
        """One JSON object a row; metadata as an object."""
        rows.write_ndjson(self._file)


def _writer(path: Path, out: str) -> _ParquetOut | _JsonOut:
    return _ParquetOut(path) if out.endswith(".parquet") else _JsonOut(path, out)


def data_card(lake: Lake, out: str, counts: dict[str, Any]) -> str:
    """Markdown: what the file holds, by source, and the stages that made it. Source: Gebru et al. 2018, datasheets."""
    lines = [
        f"# {Path(out).name}",
        "",
        f"{counts['documents']:,} documents, {counts['text_bytes']:,} bytes of text. Made by Pomona {__version__} on "
        f"{datetime.now(UTC):%Y-%m-%d}.",
        "",
        "| source | documents | bytes of text |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {n:,} | {size:,} |" for name, (n, size) in sorted(counts["sources"].items())),
        "",
        "| license | documents |",
        "| --- | ---: |",
        *(f"| {name} | {n:,} |" for name, n in counts["licenses"].most_common(20)),
        "",
        "## What made it",
        "",
    ]
    for table in lake.tables():
        lines += [
            f"- `{table}`, {lineage.stage}: `{json.dumps(lineage.config, sort_keys=True)}`"
            for lineage in lake.lineages(table).values()
            if table in ("documents", "decisions")
        ]
    return "\n".join(lines) + "\n"
