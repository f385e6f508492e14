"""Finds damaged files of a lake after a command failed, so that its message names the file and how to make it again.

Nothing is checked earlier, because a lake of a thousand parts would pay for it at every command. Stages find parts that
are missing, truncated or of another size themselves (`corpus.lake.Lake.damaged`) and make them again.
"""

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.lake import Lake
    from corpus.lineage import Lineage
    from corpus.parts import Part

_opened: "deque[Lake]" = deque(maxlen=8)  # the lakes that this process's command named


def watch(lake: "Lake") -> "Lake":
    """Returns the lake; if the command fails, `found` checks it."""
    _opened.append(lake)
    return lake


def begin() -> None:
    """Starts a new command, which has not opened a lake yet."""
    _opened.clear()


def found(error: BaseException, lake: "Lake | None" = None) -> str | None:
    """Says in one line why a command failed, if this lake, or a lake that it opened, lost the file; else None.

    It handles only an error of a library that could not read a file: other errors are mistakes, or bugs in Pomona. It
    checks the ends and sizes of all parts first. It reads the parts completely only if these are right.
    """
    for opened in [lake] if lake else _opened:
        if not opened.is_local or not _may_be_of(opened, error):
            continue
        lost = _lost(opened, deeply=False)
        if lost is None and isinstance(error, FileNotFoundError):
            return "another process changed the lake while this one read it; run the same command again"
        lost = lost or _lost(opened, deeply=True)
        if lost:
            return _told(opened, *lost)
    return None


def _lost(lake: "Lake", *, deeply: bool) -> "tuple[str, Part] | None":
    """Returns the first missing or truncated part with its table; with `deeply`, the first that cannot be read."""
    for table in lake.tables(with_records=True):
        parts = [p for p in lake.parts(table) if not _reads(lake, table, p)] if deeply else lake.damaged(table)
        if parts:
            return table, parts[0]
    return None


def _told(lake: "Lake", table: str, part: "Part") -> str:
    lineage = next((entry for slot, entry in lake.lineages(table).items() if slot == part.slot), None)
    command = _command(lake, lineage) or "run the recipe or the command that made it"
    stage = f"stage {lineage.stage!r}" if lineage else "a stage"
    return (
        f"{lake.root}/{table}/{part.path} is missing or damaged; {stage} made it; "
        f"delete the file if it exists, then make it again: {command}"
    )


def _command(lake: "Lake", lineage: "Lineage | None") -> str:
    """Returns the command that makes a part of a stage again, and keeps what other stages decided since."""
    if lineage is None:
        return ""
    from pomona import stages

    if not stages.known(lineage.stage):
        return str(lineage.facts.get("command", ""))
    family = stages.family_of(lineage.stage)
    if not family.decides and not family.per_entry:  # without settings, its own command makes it again
        return f"pomona {family.commanded_by}"
    now = lake.lineages("decisions").get(family.name, lineage) if lake.exists("decisions") else lineage
    return str(now.facts.get("command", ""))


def _may_be_of(lake: "Lake", error: BaseException) -> bool:
    """Whether a library could not read a file that may be one of the lake's; messages do not always name the file."""
    import duckdb
    import polars as pl
    import pyarrow as pa

    if isinstance(error, OSError) and (error.errno is not None or isinstance(error, FileNotFoundError)):
        named = f"{error.filename or error}"  # polars omits the beginning of a long path
        return ".parquet" in named and any(f"/{table}/" in named for table in lake.tables(with_records=True))
    return isinstance(error, OSError | pa.ArrowException | pl.exceptions.ComputeError | duckdb.Error)


def _reads(lake: "Lake", table: str, part: "Part") -> bool:
    """Whether every row group of a part can be read."""
    import pyarrow as pa

    try:
        file = lake.open_part(table, part)
        for row_group in range(file.num_row_groups):
            file.read_row_group(row_group, use_threads=False)
    except (OSError, pa.ArrowException):
        return False
    return True
