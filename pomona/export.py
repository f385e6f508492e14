"""Kept documents as Parquet or JSON Lines, with a data card that says what they are and what made them."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import __version__, kept_documents, standing
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
    return {"file": str(target), "card": str(card), **counts}


def _write(lake: Lake, temporary: Path, out: str) -> dict[str, int]:
    n_documents = n_bytes = 0
    with _writer(temporary, out) as writer:
        for rows in batches(lake, COLUMNS):
            writer.write(rows)
            n_documents += rows.height
            n_bytes += int(rows["text"].str.len_bytes().sum())
    return {"documents": n_documents, "text_bytes": n_bytes}


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


def data_card(lake: Lake, out: str, counts: dict[str, int]) -> str:
    """Markdown: what the file holds, by source, and the stages that made it. Source: Gebru et al. 2018, datasheets."""
    stays = lake.scan("documents").join(kept_documents.ids(lake), on="id", how="semi")
    per_source = (
        stays.group_by("source")
        .agg(pl.len().alias("documents"), pl.col("text").str.len_bytes().sum().alias("bytes"))
        .sort("source")
        .collect(engine="streaming")
    )
    licenses = (
        stays.group_by(pl.col("license").fill_null("not stated")).len().sort("len", "license", descending=[True, False])
    )
    lines = [
        f"# {Path(out).name}",
        "",
        f"{counts['documents']:,} documents, {counts['text_bytes']:,} bytes of text. Made by Pomona {__version__} on "
        f"{datetime.now(UTC):%Y-%m-%d}.",
        "",
        "| source | documents | bytes of text |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {n:,} | {size:,} |" for name, n, size in per_source.iter_rows()),
        "",
        "| license | documents |",
        "| --- | ---: |",
        *(f"| {name} | {n:,} |" for name, n in licenses.head(20).collect().iter_rows()),
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
