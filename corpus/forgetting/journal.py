"""The request to forget that is being honored: what it removes, written down before anything is changed.

If the process is killed, some tables have lost the documents and others have not, and places of documents do not agree.
So nobody reads places while the journal is there, and the next request finishes this one first.
"""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus.errors import UserError
from corpus.lake import Lake

_NAME = ".pomona/forgetting.json"


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be removed."""

    number: int  # of the request, in the names of parts that are written anew
    request: str  # as it was given
    ids: frozenset[str]
    rows: dict[int, npt.NDArray[np.int64]]  # by number of a row group of documents: rows that go, in order


def begin(lake: Lake, work: Work) -> None:
    """Writes the journal."""
    value = {
        "number": work.number,
        "request": work.request,
        "ids": sorted(work.ids),
        "rows": {str(number): rows.tolist() for number, rows in work.rows.items()},
    }
    lake.make_folder(f"{lake.root}/.pomona")
    temporary = f"{lake.root}/{_NAME}.new"
    with lake.fs.open(temporary, "w") as file:
        json.dump(value, file)
    lake.fs.mv(temporary, f"{lake.root}/{_NAME}")


def read(lake: Lake) -> Work | None:
    """Returns the work that was not finished, or None."""
    try:
        value = json.loads(lake.fs.cat_file(f"{lake.root}/{_NAME}"))
    except FileNotFoundError:
        return None
    rows = {int(number): np.array(places, np.int64) for number, places in value["rows"].items()}
    return Work(value["number"], value["request"], frozenset(value["ids"]), rows)


def end(lake: Lake) -> None:
    """Deletes the journal."""
    lake.fs.rm_file(f"{lake.root}/{_NAME}")


def require_none(lake: Lake) -> None:
    """Raises `UserError` if a request was not finished. Asks the disk only if there has been a request at all."""
    if lake.exists("tombstones") and lake.fs.exists(f"{lake.root}/{_NAME}"):
        work = read(lake)
        request = work.request if work else "..."
        raise UserError(f"a request to forget was stopped half-way; run it again: pomona forget {request}")
