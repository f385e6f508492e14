"""The kept documents that a mixture may use, with their group and tokens, one row group of `documents` at a time.

Tokens are exact if the documents were encoded by the lake's tokenizer (table `tokens`); else they are estimated from
bytes. The token that ends a document counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from corpus import remaining, row_groups
from corpus.errors import UserError, plainly
from corpus.lake import Lake, Part
from corpus.mixture.predicates import DOCUMENT, columns, domain, predicate
from corpus.mixture.settings import Mixture
from corpus.task import digest

NO_GROUP = "(none)"  # of documents without a domain or a language
BYTES_PER_TOKEN = 4.0  # of the estimate; English web text has 4 to 4.5 with 49,152 ids
_AT_ONCE = 64  # row groups whose decisions are read together
_OF_DOCUMENTS = ("id", "source", "uri", "license", "text")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Reads the candidates of a mixture."""

    lake: Lake
    mixture: Mixture
    slots: tuple[str, ...]  # stages that have decided
    exact: bool  # whether tokens are those of the table `tokens`

    def __call__(self) -> Iterator[pl.DataFrame]:
        """Yields id, source, group, tokens, text_hash (the id without signals), row_group and row."""
        with self.lake.snapshot():
            sized = row_groups.sized(self.lake, self.lake.parts("documents"))
            groups = sorted(
                sized, key=lambda one: one.group.number
            )  # rows in the order of places, as readers want them
            others = {name: self._parts(name) for name in ("signals", "tokens")}
            for first in range(0, len(groups), _AT_ONCE):
                several = groups[first : first + _AT_ONCE]
                remains = remaining.remaining(self.lake, self.slots, [one.group.number for one in several])
                for group in several:
                    rows = remains.rows_of(group.group.number, group.n_rows)
                    if len(rows):
                        yield self._grouped(self._documents(group.group, rows, remains, others))

    def _parts(self, table: str) -> dict[int, Part]:
        """Returns the part of a table about each row group, if the mixture reads that table."""
        needs = table == "signals" or self.exact
        return row_groups.parts_by_number(self.lake, table) if needs and self.lake.exists(table) else {}

    def _documents(
        self, group: row_groups.RowGroup, rows: npt.NDArray[np.int64], remains: remaining.Remaining,
        others: dict[str, dict[int, Part]],
    ) -> pl.DataFrame:  # fmt: skip
        """Returns some rows of a row group with every column that the mixture reads."""
        wanted = self._read()
        of_documents = [name for name in _OF_DOCUMENTS if name in wanted]
        texts = remaining.exported(self.lake, remains, group.part, group.row_group, of_documents)
        frame = texts.with_columns(row_group=pl.lit(group.number, pl.Int64), row=pl.Series(rows).cast(pl.Int32))

        for table, parts in others.items():
            missing = {"language"} & wanted if table == "signals" else {"tokens"} & wanted
            if group.number not in parts and missing:
                raise UserError(
                    f"mixture {self.mixture.name!r} needs {missing.pop()}, which was not measured for all documents; "
                    "run the recipe, or `pomona filter` and then `pomona tokenize`"
                )
            if group.number in parts:
                names = [name for name in self._of(table) if name in wanted]
                rows_of = self._rows(table, parts[group.number], names)
                frame = frame.join(rows_of, on="id", how="left", maintain_order="left")
        if "domain" in wanted:
            frame = frame.with_columns(domain=domain(pl.col("uri")))
        return frame

    def _rows(self, table: str, part: Part, names: Sequence[str]) -> pl.DataFrame:
        read = self.lake.open_part(table, part).read(["id", *names])
        frame = pl.from_arrow(read)
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        mixture = self.mixture
        if not self.exact:
            n_bytes = pl.col("text").str.len_bytes() if "text" in frame.columns else pl.col("n_bytes")
            frame = frame.with_columns(tokens=(n_bytes / BYTES_PER_TOKEN).ceil().cast(pl.Int64) + 1)
        if mixture.document_tokens is not None:
            frame = frame.with_columns(pl.col("tokens").clip(upper_bound=mixture.document_tokens + 1))
        if "text_hash" not in frame.columns:
            frame = frame.with_columns(text_hash=pl.col("id"))

        group = pl.col({"source": "source", "domain": "domain", "language": "language"}[mixture.by])
        for name, text in reversed(mixture.groups.items()):
            group = pl.when(predicate(text).fill_null(False)).then(pl.lit(name)).otherwise(group)
        frame = frame.with_columns(group=pl.when(group.fill_null("") == "").then(pl.lit(NO_GROUP)).otherwise(group))
        if mixture.where is not None:
            frame = frame.filter(predicate(mixture.where).fill_null(False))
        if mixture.leave_out is not None:
            frame = frame.filter(~pl.col("id").is_in(left_out(self.lake, mixture)[0].implode()))
        text_hash = pl.col("text_hash").fill_null(pl.col("id"))
        return frame.select("id", "source", "group", "tokens", text_hash, "row_group", "row")

    def _of(self, table: str) -> list[str]:
        """Returns the columns of a table that a mixture may read, besides the document's place."""
        if table == "tokens":
            return ["tokens"]
        return [name for name in self.lake.schema(table).names if name not in (*DOCUMENT, "row_group", "row")]

    def _read(self) -> set[str]:
        """Returns the names of all columns that the mixture reads."""
        mixture = self.mixture
        named = columns([predicate(text) for text in (*mixture.groups.values(), *filter(None, [mixture.where]))])
        named |= {"id", "source", "text_hash", mixture.by}
        if "domain" in named:
            named.add("uri")
        return named | ({"tokens"} if self.exact else {"text"})


def left_out(lake: Lake, mixture: Mixture) -> tuple[pl.Series, str]:
    """Returns the ids that a mixture leaves out, and a hash of them; raises `UserError` for a file without ids."""
    path = Path(lake.root if lake.is_local else "", mixture.leave_out or "")  # relative: below the lake
    return _ids(str(path), path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=4)
def _ids(path: str, changed: int) -> tuple[pl.Series, str]:
    try:
        ids = pl.read_parquet(path, columns=["id"])["id"].cast(pl.String).unique().sort()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(f"leave_out {path}: it is no Parquet file with a column id: {plainly(error)}") from error
    return ids, digest(ids.to_list())


def write(candidates: Candidates, path: Path) -> None:
    """Writes the candidates to a Parquet file; raises `UserError` if there are none."""
    writer: pq.ParquetWriter | None = None
    for frame in candidates():
        rows = frame.to_arrow()
        writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
        writer.write_table(rows)
    if writer is None:
        raise UserError(f"mixture {candidates.mixture.name!r} is empty: the lake keeps no document")
    writer.close()
