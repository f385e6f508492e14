"""Checks that no two documents have one id, in each part when it is written, and in the table when it is committed.

Ids are compared by 64-bit hashes, 8 bytes per document. The rows themselves are read only if two hashes are equal.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

MAX_ROWS = 5_000_000  # of a table that a commit reads for the check: 150 MB, 2 s; larger tables are not checked

Hashes = npt.NDArray[np.uint64]


def hashes(ids: pa.Array | pa.ChunkedArray) -> Hashes:
    """Returns uint64 (D,); equal ids have equal hashes within a process."""
    import polars as pl

    series = pl.from_arrow(ids)
    assert isinstance(series, pl.Series)
    return series.hash().to_numpy()


def repeated(gathered: Sequence[Hashes]) -> Hashes:
    """Returns the hashes that occur twice or more, each once."""
    if not gathered:
        return np.empty(0, np.uint64)
    ordered = np.sort(np.concatenate(gathered))
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def check(column: str, opened: Callable[[str], pq.ParquetFile], paths: Sequence[str]) -> None:
    """Raises RuntimeError with two rows if the parts at `paths` hold a value of `column` twice."""
    gathered = [hashes(opened(path).read([column])[column]) for path in paths]
    suspects = repeated(gathered)
    if len(suspects):
        explain(column, opened, paths, suspects)


def explain(column: str, opened: Callable[[str], pq.ParquetFile], paths: Sequence[str], suspects: Hashes) -> None:
    """Reads the rows with these hashes again; raises RuntimeError if two of them have the same value of `column`."""
    rows: dict[str, str] = {}
    for path in paths:
        table = opened(path).read([column, "source", "uri"])
        picked = table.filter(pa.array(np.isin(hashes(table[column]), suspects)))
        for row in picked.to_pylist():
            place = f"source {row['source']!r}, uri {row['uri']!r}"
            if row[column] in rows:
                both = f"{rows[row[column]]} and {place}"
                raise RuntimeError(f"two documents have the {column} {row[column]}: {both}; nothing was committed")
            rows[row[column]] = place
