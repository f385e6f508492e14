"""Options that several commands share, and the lake they name."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from pomona.opening import size_bytes

_LEAST_MEMORY = 1 << 20  # bytes; less is a unit forgotten

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


def memory_bytes(text: str | None) -> int | None:
    """Bytes from a `--memory` option; raises `UserError` for what is no size."""
    return size_bytes("--memory", text, least=_LEAST_MEMORY)


def rows_text(rows: dict[str, int]) -> str:
    """Rows of each table: `12 documents, 1 rejects`."""
    return ", ".join(f"{n:,} {table}" for table, n in rows.items())
