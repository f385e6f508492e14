"""What a lake has lost: looked for after a command failed, so that its message names the file and the way back.

Nothing is checked before: a lake of a thousand parts would pay for it at every command. Stages find parts that are
gone, cut short or of another size by themselves (`corpus.lake.Lake.damaged`) and make them again.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.lake import Lake
    from corpus.parts import Part

_opened: "list[Lake]" = []  # those that this process's command named


def watch(lake: "Lake") -> "Lake":
    """The lake; where the command fails, `found` looks at it."""
    _opened.append(lake)
    return lake


def begin() -> None:
    """A new command has opened no lake yet."""
    _opened.clear()


def found(error: BaseException, lake: "Lake | None" = None) -> str | None:
    """Why a command failed, in one line, where damage of a lake, or of one that it opened, explains it; else None.

    Looks at all parts' ends and sizes first, and reads them whole only where a library said that it cannot read.
    """
    lakes = [one for one in ([lake] if lake else _opened) if one.is_local]
    for lake in lakes:
        for table in lake.tables():
            lost = lake.damaged(table)
            if lost:
                return _told(lake, table, lost[0])
    if not _is_about_reading(error):
        return None

    for lake in lakes:
        if lake.root in str(error) and isinstance(error, FileNotFoundError):
            return "another process changed the lake while this one read it; run the same command again"
        for table in lake.tables():
            for part in lake.parts(table):
                if not _reads(lake, table, part):
                    return _told(lake, table, part)
    return None


def _told(lake: "Lake", table: str, part: "Part") -> str:
    made = next((one for slot, one in lake.lineages(table).items() if slot == part.slot), None)
    command = str(made.facts.get("command", "")) if made else ""
    how = command or "run the recipe or the command that made it"
    stage = f"stage {made.stage!r}" if made else "a stage"
    return (
        f"{lake.root}/{table}/{part.path} is gone or damaged, which {stage} made; "
        f"delete the file if it is there, then make it again: {how}"
    )


def _is_about_reading(error: BaseException) -> bool:
    import duckdb
    import polars as pl
    import pyarrow as pa

    return isinstance(error, OSError | pa.ArrowException | pl.exceptions.PolarsError | duckdb.Error)


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
