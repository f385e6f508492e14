"""DuckDB over the lake: every table as a view of its parts, at the newest version or an earlier one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from corpus import schema
from corpus.lake import Lake

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(lake: Lake, versions: Mapping[str, int] | None = None) -> "DuckDBPyConnection":
    """An in-memory DuckDB in which each table of the lake is a view; `versions` pins some of them."""
    import duckdb

    for name in versions or {}:
        schema.table(name)
    connection = duckdb.connect()
    for name in schema.TABLES:
        parts = lake.parts(name, version=(versions or {}).get(name))
        paths = [f"{lake.root}/{name}/{part.path}" for part in parts]
        if paths:
            connection.register(name, ds.dataset(paths, format="parquet", filesystem=lake.fs))
        else:
            connection.register(name, pa.table(lake.schema(name).empty_table()))
    return connection
