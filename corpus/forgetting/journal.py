"""The request to forget that is being honored: what it removes, written down before anything is changed.

If the process is killed, some tables have lost the documents and others have not, and places of documents do not agree.
So nobody reads places while the journal is there, and the next request finishes this one first.
"""

import json
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from corpus.errors import UserError
from corpus.forgetting.tombstones import Request
from corpus.lake import WORKING, Lake

_NAME = f"{WORKING}/forgetting.json"


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be removed."""

    asked: Request
    request: str  # as it was given
    rows: dict[int, npt.NDArray[np.int64]]  # by number of a row group of documents: rows that go, in order

    @property
    def number(self) -> int:
        """Returns the number of the request, which is in the names of parts that are written anew."""
        return self.asked.number

    @property
    def ids(self) -> frozenset[str]:
        """Returns the ids of the documents that go."""
        return frozenset(self.asked.ids)


def begin(lake: Lake, work: Work) -> None:
    """Writes the journal."""
    value = {
        "asked": asdict(work.asked),
        "request": work.request,
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
    asked = value["asked"] | {name: tuple(value["asked"][name]) for name in ("ids", "texts")}
    return Work(Request(**asked), value["request"], rows)


def end(lake: Lake) -> None:
    """Deletes the journal."""
    lake.fs.rm_file(f"{lake.root}/{_NAME}")


def require_none(lake: Lake) -> None:
    """Raises `UserError` if a request was not finished."""
    if lake.fs.exists(f"{lake.root}/{_NAME}"):
        work = read(lake)
        request = work.request if work else "..."
        raise UserError(f"a request to forget was stopped half-way; run it again: pomona forget {request}")
