"""Opens lakes and reads sizes as a user writes them."""

import os
import re
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError

if TYPE_CHECKING:
    from corpus.lake import Lake
    from pomona.recipe import Recipe

LEAST_SHARD = 1_000  # bytes
_LEAST_MEMORY = 1 << 20  # bytes; a smaller number lacks its unit


def open_lake(url: str | None, recipe: "Recipe | None" = None, *, must_exist: bool = True) -> "Lake":
    """Opens the lake that the option, the environment or the recipe names, in this order."""
    from corpus import storage
    from corpus.lake import Lake
    from pomona import damage, stages

    chosen = url or os.environ.get("POMONA_LAKE") or (recipe.lake if recipe else "./lake")
    if mistyped := re.match(r"(s3a?|gs|gcs|az|abfss?):/(?!/)", chosen):
        raise UserError(f"{chosen} has one slash; a URL has two: {mistyped[1]}://{chosen[mistyped.end() :]}")
    stages.tables()  # makes the tables of all families known
    lake = damage.watch(Lake(chosen))
    if lake.is_local and os.path.lexists(lake.root) and not os.path.isdir(lake.root):
        raise UserError(f"{chosen} is a file, not the folder of a lake; name a folder with --lake")
    if lake.is_local and not lake.tables() and _holds_other_things(lake.root):
        raise UserError(f"{chosen} is a folder with other files and without a lake; name a new folder with --lake")
    if not lake.is_local and not lake.tables():
        storage.require_bucket(chosen)
    if must_exist and not lake.tables():
        raise UserError(
            f"there is no lake at {chosen}; make one with `pomona ingest` or `pomona run`, or name it with --lake"
        )
    return lake


def _holds_other_things(folder: str) -> bool:
    """Whether a folder has files but none of a lake's tables: a new lake must not add 20 tables to a user's files.

    A lake whose first stage did not get to its first table has the folder of what stages are at work on.
    """
    from corpus import schema
    from corpus.lake import WORKING

    try:
        every = os.listdir(folder)
    except OSError:
        return False
    names = {name for name in every if not name.startswith(".")}
    return bool(names) and not names & schema.TABLES.keys() and WORKING not in every


def size_bytes(option: str, text: str | None, *, least: int) -> int | None:
    """Returns the bytes of an option that is a size; raises `UserError` if it is not a size, or less than `least`."""
    from corpus.sizes import parse_bytes

    try:
        n_bytes = None if text is None else parse_bytes(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error
    if n_bytes is not None and n_bytes < least:
        raise UserError(f"{option} {text} is {n_bytes:,} bytes, too little; write a size with its unit, e.g. 8GB")
    return n_bytes


def running(workers: int | None, memory: str | None, executor: str, *, memory_name: str) -> dict[str, Any]:
    """Returns the arguments of `pomona.runner`; raises `UserError` for an invalid size or engine."""
    from corpus.engines import parse

    n_bytes = size_bytes(memory_name, memory, least=_LEAST_MEMORY)
    return {"workers": workers, "memory": n_bytes, "engine": parse(executor)}
