"""Runs DuckDB queries over the lake: every table is a view of its parts, at the newest version or an earlier one.

A query reads only the lake: no file, no network, no extension, unless files are requested.

The view `kept` holds the same documents as `pomona.kept`. If a stage is out of date, the view does not exist, and the
error of a query that reads it names the stage (pomona.standing).
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

from corpus import schema
from corpus.dedup.joined import clusters
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.text.cutting import Cuts, without
from pomona import damage, kept_documents, standing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(lake: Lake, versions: Mapping[str, int] | None = None) -> "DuckDBPyConnection":
    """Opens an in-memory DuckDB in which each table of the lake is a view; `versions` pins some of them."""
    import duckdb

    for name in versions or {}:
        schema.table(name)
    connection = duckdb.connect()
    for name in schema.TABLES:
        version = (versions or {}).get(name)
        parts = lake.parts(name, version=version)
        paths = [f"{lake.root}/{name}/{part.path}" for part in parts]
        if version is not None and not all(map(lake.fs.exists, paths)):
            raise UserError(f"version {version} of {name} was removed by `pomona lake --vacuum`; newer ones are left")
        if paths:
            connection.register(name, ds.dataset(paths, format="parquet", filesystem=lake.fs))
        else:
            connection.register(name, pa.table(lake.schema(name).empty_table()))
    return connection


def register_kept(connection: "DuckDBPyConnection", lake: Lake) -> None:
    """Adds the view `kept`: the documents that all stages keep, with texts that do not contain what was cut."""
    standing.require(lake)
    connection.register("_kept", kept_documents.ids(lake).collect(engine="streaming").to_arrow())
    sizes = clusters(lake).group_by("representative").agg(cluster=pl.col("cluster").first(), copies=pl.len())
    connection.register("_clusters", sizes.collect(engine="streaming").to_arrow())
    cuts = lake.scan("cuts").sort("start").group_by("id", maintain_order=True).agg("start", "end")
    connection.register("_cuts", cuts.collect(engine="streaming").to_arrow())
    ranges = "BIGINT[]"
    parameters: Any = ["VARCHAR", ranges, ranges]
    connection.create_function("_without", _without, parameters, "VARCHAR", type=cast(Any, "arrow"))
    connection.execute(
        "create view kept as select d.id, d.source, d.uri, "
        "case when c.start is null then d.text else _without(d.text, c.start, c.end) end as text, "
        "d.license, d.metadata, s.cluster, coalesce(s.copies, 1) as copies from documents d "
        "semi join _kept k on d.id = k.id left join _cuts c on d.id = c.id "
        "left join _clusters s on d.id = s.representative"
    )


def _without(text: pa.Array, start: pa.Array, end: pa.Array) -> pa.Array:
    """Returns the texts without their ranges of characters."""
    text, start, end = (a.combine_chunks() if isinstance(a, pa.ChunkedArray) else a for a in (text, start, end))
    lengths = start.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    cuts = Cuts(np.repeat(np.arange(len(text)), lengths), start.flatten().to_numpy(), end.flatten().to_numpy())
    return without(text.fill_null("").cast(pa.large_string()), cuts).cast(pa.string())


def confine(connection: "DuckDBPyConnection") -> None:
    """Stops a connection from reading and writing files; no query can undo that."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def query(
    lake: Lake, text: str, versions: Mapping[str, int] | None = None, *, files: bool = False
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Runs a query over the lake and returns (column names, rows); with `files`, it may read and write files.

    Raises `UserError` for a query that DuckDB refuses.
    """
    import duckdb

    with lake.snapshot():
        connection = connect(lake, versions)
        if not versions and re.search(r"\bkept\b", text, re.IGNORECASE) and not standing.out_of_date(lake):
            register_kept(connection, lake)
    if not files:
        confine(connection)

    try:
        result = connection.sql(text)
        return (list(result.columns), result.fetchall()) if result is not None else ([], [])
    except duckdb.CatalogException as error:
        if re.search(r"\bkept\b", str(error)):
            standing.require(lake)
            if versions:
                raise UserError("sql: kept shows the newest versions; it cannot be combined with --at") from error
        raise UserError(f"sql: {_said(error)}") from error
    except duckdb.PermissionException as error:
        hint = "; --files lets a query read and write files" if not files else ""
        raise UserError(f"sql: {str(error).splitlines()[0]}{hint}") from error
    except duckdb.Error as error:
        message = damage.found(error, lake) if "reading the stream" in str(error) else None
        raise UserError(message or f"sql: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Returns DuckDB's message without the copy of the query: the mistake and its suggestion."""
    return " ".join(re.split(r"\n\s*LINE \d+:", str(error))[0].split())
