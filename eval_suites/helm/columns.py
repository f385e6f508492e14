"""Reads columns of a data set one by one, so that what nobody needs (whole books, tokens of pages) is never decoded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS = 256  # that are decoded together


def values(rows: "Dataset", *path: str) -> Iterator[Any]:
    """Yields the values of a column, or of a field within one; raises `UserError` if there is no such column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if path[0] not in rows.column_names:
        raise UserError(f"the data have no column {path[0]!r}; they have {', '.join(rows.column_names)}")
    for table in rows.select_columns([path[0]]).with_format("arrow").iter(_ROWS):
        column = table[path[0]]
        for name in path[1:]:
            try:
                column = pc.struct_field(column, name)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
                raise UserError(f"the column {path[0]!r} of the data has no field {'.'.join(path[1:])!r}") from error
        yield from column.to_pylist()


def texts(rows: "Dataset", *path: str) -> Iterator[str]:
    """Yields the texts of a column; '' where there is none."""
    for value in values(rows, *path):
        yield "" if value is None else str(value)


def several(value: Any) -> list[Mapping[str, Any]]:
    """Returns a list of records, which some data sets hold as a record of lists."""
    if isinstance(value, Mapping):
        n = min((len(one) for one in value.values() if isinstance(one, Sequence)), default=0)
        return [{name: one[at] for name, one in value.items() if one is not None} for at in range(n)]
    return [one for one in value or () if isinstance(one, Mapping)]
