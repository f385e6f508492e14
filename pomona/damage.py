"""What a lake has lost: looked for after a command failed, so that its message names the file and the way back.

Nothing is checked before: a lake of a thousand parts would pay for it at every command. Stages find parts that are
gone, cut short or of another size by themselves (`corpus.lake.Lake.damaged`) and make them again.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.lake import Lake
    from corpus.lineage import Lineage
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
    """Why a command failed, in one line, where a lake that it opened, or this one, lost the file; else None.

    Only an error of a library that could not read a file is looked at: others are mistakes, or faults of ours. Looks at
    all parts' ends and sizes first, and reads them whole only where these are as they should be.
    """
    for one in [lake] if lake else _opened:
        if not one.is_local or not _may_be_of(one, error):
            continue
        lost = _lost(one, deeply=False)
        if lost is None and isinstance(error, FileNotFoundError):
            return "another process changed the lake while this one read it; run the same command again"
        lost = lost or _lost(one, deeply=True)
        if lost:
            return _told(one, *lost)
    return None


def _lost(lake: "Lake", *, deeply: bool) -> "tuple[str, Part] | None":
    """The first part, and its table, that is gone or cut short; or `deeply`, that cannot be read to its end."""
    for table in lake.tables(with_records=True):
        parts = [p for p in lake.parts(table) if not _reads(lake, table, p)] if deeply else lake.damaged(table)
        if parts:
            return table, parts[0]
    return None


def _told(lake: "Lake", table: str, part: "Part") -> str:
    made = next((one for slot, one in lake.lineages(table).items() if slot == part.slot), None)
    how = _command(lake, made) or "run the recipe or the command that made it"
    stage = f"stage {made.stage!r}" if made else "a stage"
    return (
        f"{lake.root}/{table}/{part.path} is gone or damaged, which {stage} made; "
        f"delete the file if it is there, then make it again: {how}"
    )


def _command(lake: "Lake", made: "Lineage | None") -> str:
    """What makes a part of a stage again, and leaves alone what was decided since by others."""
    if made is None:
        return ""
    from pomona import stages

    if not stages.known(made.stage):
        return str(made.facts.get("command", ""))
    family = stages.family_of(made.stage)
    if not family.decides and not family.per_entry:  # it has no settings, so that its own command makes it again
        return f"pomona {family.commanded_by}"
    now = lake.lineages("decisions").get(family.name, made) if lake.exists("decisions") else made
    return str(now.facts.get("command", ""))


def _may_be_of(lake: "Lake", error: BaseException) -> bool:
    """Whether a library could not read a file, and it may be one of the lake's: messages do not always say which."""
    import duckdb
    import polars as pl
    import pyarrow as pa

    if isinstance(error, OSError) and (error.errno is not None or isinstance(error, FileNotFoundError)):
        named = f"{error.filename or error}"  # polars leaves out the beginning of a long path
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
