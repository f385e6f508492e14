"""`pomona export`: writes the kept documents to files."""

from typing import Annotated

import typer

from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import LEAST_SHARD, open_lake, size_bytes


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export")(export)


def export(
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="DIR",
            help="A new folder, a file (.parquet, .jsonl, .jsonl.gz or .jsonl.zst), or a URL.",
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option("--format", help="Format of a folder's files: parquet (default), jsonl, jsonl.gz, jsonl.zst."),
    ] = None,
    shard_bytes: Annotated[
        str | None,
        typer.Option("--shard-bytes", metavar="SIZE", help="Approximate size of a folder's files. [default: 500MB]"),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier export in the folder.")] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the kept documents with a data card, as a Hugging Face dataset in a folder or as one file."""
    from pomona import output
    from pomona.exporting import export as write

    n_bytes = size_bytes("--shard-bytes", shard_bytes, least=LEAST_SHARD)
    result = write(open_lake(lake), out, kind=kind, shard_bytes=n_bytes, replace=replace)
    n_files = result.get("files", 1)
    where = result.get("file") or f"{n_files:,} {'file' if n_files == 1 else 'files'} in {result['folder']}"
    size = output.size_text(result["file_bytes"])
    output.show(result, f"{result['documents']:,} documents ({size}) to {where}; card: {result['card']}", as_json)
