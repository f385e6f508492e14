"""Options that several commands share, and the lake they name."""

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.errors import UserError

if TYPE_CHECKING:
    from corpus.lake import Lake
    from pomona.recipe import Recipe

_LEAST_MEMORY = 1 << 20  # bytes; less is a unit forgotten
LEAST_SHARD = 1_000  # bytes

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]
LakeOption = Annotated[
    str | None, typer.Option("--lake", metavar="DIR", help="Folder or URL of the lake; else $POMONA_LAKE, else ./lake.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Worker processes; one per core by default.")
]
ExecutorOption = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="ENGINE",
        envvar="POMONA_EXECUTOR",
        help="local, ray or slurm, with settings: slurm:partition=cpu,time=4:00:00; see docs/guides/engines.md.",
    ),
]
MemoryOption = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="Memory that all workers together may use, e.g. 8GB.")
]


@dataclass(frozen=True, slots=True)
class Running:
    """How stages are to run: the options `--lake`, `--workers`, `--executor` and `--memory` as they were given."""

    lake: str | None
    workers: int | None
    executor: str
    memory: str | None

    def options(self) -> dict[str, Any]:
        """What `pomona.runner` takes; raises `UserError` for an engine or a size that makes no sense."""
        from corpus.engines import parse

        return {"workers": self.workers, "memory": memory_bytes(self.memory), "engine": parse(self.executor)}


def open_lake(url: str | None, recipe: "Recipe | None" = None, *, must_exist: bool = True) -> "Lake":
    """The lake that the option, the environment or the recipe names, in this order."""
    from corpus import storage
    from corpus.lake import Lake
    from pomona import damage

    chosen = url or os.environ.get("POMONA_LAKE") or (recipe.lake if recipe else "./lake")
    if mistyped := re.match(r"(s3a?|gs|gcs|az|abfss?):/(?!/)", chosen):
        raise UserError(f"{chosen} has one slash; a URL has two: {mistyped[1]}://{chosen[mistyped.end() :]}")
    lake = damage.watch(Lake(chosen))
    if lake.is_local and os.path.lexists(lake.root) and not os.path.isdir(lake.root):
        raise UserError(f"{chosen} is a file, not the folder of a lake; name another with --lake")
    if lake.is_local and not lake.tables() and _holds_other_things(lake.root):
        raise UserError(f"{chosen} is a folder with other things in it and no lake; name a new one with --lake")
    if not lake.is_local and not lake.tables():
        storage.require_bucket(chosen)
    if must_exist and not lake.tables():
        raise UserError(
            f"there is no lake at {chosen}; make one with `pomona ingest` or `pomona run`, or name it with --lake"
        )
    return lake


def _holds_other_things(folder: str) -> bool:
    """Whether there is anything in a folder that no lake has: nobody wants 20 tables among his documents."""
    from corpus import schema

    try:
        names = {name for name in os.listdir(folder) if not name.startswith(".")}
    except OSError:
        return False
    return bool(names) and not names & schema.TABLES.keys()


def memory_bytes(text: str | None) -> int | None:
    """Bytes from a `--memory` option; raises `UserError` for what is no size."""
    return size_bytes("--memory", text, least=_LEAST_MEMORY)


def size_bytes(option: str, text: str | None, *, least: int) -> int | None:
    """Bytes from an option that is a size; raises `UserError` for what is none, or less than the least."""
    from corpus.sizes import parse_bytes

    try:
        n_bytes = None if text is None else parse_bytes(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error
    if n_bytes is not None and n_bytes < least:
        raise UserError(f"{option} {text} is {n_bytes:,} bytes, too little; write a size with its unit, e.g. 8GB")
    return n_bytes


def rows_text(rows: dict[str, int]) -> str:
    """Rows of each table: `12 documents, 1 rejects`."""
    return ", ".join(f"{n:,} {table}" for table, n in rows.items())
