"""Counts what an export writes, for the card and the command's output."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

NOT_STATED = "not stated"


@dataclass(slots=True)
class Counts:
    """Counts of the documents that an export wrote."""

    documents: int = 0
    text_bytes: int = 0
    sources: dict[str, list[int]] = field(default_factory=dict)  # [documents, bytes of text] by name
    licenses: Counter[str] = field(default_factory=Counter)  # documents by license
    files: int = 0
    file_bytes: int = 0
    memory_bytes: int = 0  # size of the documents in Arrow
    metadata_keys: list[str] = field(default_factory=list)

    def add(self, rows: pl.DataFrame) -> None:
        """Adds some documents to the counts."""
        sizes = rows.group_by("source").agg(pl.len(), pl.col("text").str.len_bytes().sum())
        for name, n_documents, n_bytes in sizes.iter_rows():
            before = self.sources.setdefault(name, [0, 0])
            self.sources[name] = [before[0] + n_documents, before[1] + n_bytes]
            self.documents += n_documents
            self.text_bytes += n_bytes
        self.licenses.update(dict(rows["license"].fill_null(NOT_STATED).value_counts().iter_rows()))
