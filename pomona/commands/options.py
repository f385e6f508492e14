"""Options that several commands share."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from pomona.opening import running

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]
LakeOption = Annotated[
    str | None,
    typer.Option(
        "--lake",
        metavar="DIR",
        help="Folder or URL of the lake; else $POMONA_LAKE, else that of the recipe, else ./lake.",
    ),
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
        help="local, ray or slurm, with settings, e.g. slurm:partition=cpu,time=4:00:00; see docs/guides/engines.md.",
    ),
]
MemoryOption = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="Memory that all workers together may use, e.g. 8GB.")
]


@dataclass(frozen=True, slots=True)
class Running:
    """How to run stages: the options `--lake`, `--workers`, `--executor` and `--memory` as they were given."""

    lake: str | None
    workers: int | None
    executor: str
    memory: str | None

    def options(self) -> dict[str, Any]:
        """Returns the arguments of `pomona.runner`; raises `UserError` for an invalid engine or size."""
        return running(self.workers, self.memory, self.executor, memory_name="--memory")
