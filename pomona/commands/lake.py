"""`pomona lake` and `sql`: list tables and versions, and query them."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from corpus.errors import UserError
from pomona.commands.options import JsonOption, LakeOption
from pomona.opening import open_lake

_MAX_ROWS = 50


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("lake")(lake)
    app.command("sql")(sql)


def lake(
    table: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="Show this table's versions.")] = None,
    lake: LakeOption = None,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Delete files and versions that are not the newest.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the tables with rows, bytes, versions and the stages that made them."""
    from corpus import artifacts, lease, schema
    from pomona import output
    from pomona.ablation import branches

    opened = open_lake(lake)
    if table:
        schema.table(table)
    if vacuum:
        # alone, because finished parts of a running stage are not in a version yet
        with lease.alone(opened, purpose="pomona lake --vacuum"):
            names = [table] if table else opened.tables(with_records=True)
            deleted = [f"{name}/{path}" for name in names for path in opened.vacuum(name, dry_run=False)]
            deleted += [] if table else artifacts.sweep(opened) + branches.sweep(opened)
        output.show({"deleted": deleted}, f"{len(deleted)} files deleted", as_json)
        return

    if table:
        commits = opened.history(table)
        rows = [
            (c.version, _when(c.timestamp_ms), c.lineage.stage if c.lineage else "",
             c.lineage.facts.get("items", "") if c.lineage else "", c.lineage.key[:12] if c.lineage else "")
            for c in commits
        ]  # fmt: skip
        text = output.table(rows, ("version", "when", "stage", "items", "key"))
        output.show([asdict(commit) for commit in commits], text, as_json)
        return

    tables = [_summary(opened, name) for name in opened.tables(with_records=True)]
    rows = [(t["table"], t["rows"], output.size_text(t["bytes"]), t["version"], ", ".join(t["stages"])) for t in tables]
    output.show(tables, output.table(rows, ("table", "rows", "bytes", "version", "made by")), as_json)


def _summary(opened: Any, name: str) -> dict[str, Any]:
    parts = opened.parts(name)
    return {
        "table": name,
        "rows": sum(part.n_rows for part in parts),
        "bytes": sum(part.n_bytes for part in parts),
        "parts": len(parts),
        "version": opened.version(name),
        "stages": sorted({lineage.stage for lineage in opened.lineages(name).values()}),
    }


def _when(timestamp_ms: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(timestamp_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help='E.g. "select reason, count(*) from rejects group by 1".')
    ],
    lake: LakeOption = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="TABLE=VERSION", help="Read an earlier version of a table.")
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Let the query read and write files: copy (...) to 'a.csv', 'b.parquet'.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a DuckDB query over the lake's tables. It cannot read or write anything else without --files."""
    from pomona import output
    from pomona import query as asking

    columns, rows = asking.query(open_lake(lake), query, _versions(at or []), files=files)
    text = output.table(rows[:_MAX_ROWS], columns) if columns else ""
    if len(rows) > _MAX_ROWS:
        text += f"\n... {len(rows) - _MAX_ROWS:,} more rows; --json prints them all"
    output.show([dict(zip(columns, row, strict=True)) for row in rows], text, as_json)


def _versions(at: list[str]) -> dict[str, int]:
    versions = {}
    for entry in at:
        name, equals, version = entry.partition("=")
        if not equals or not version.isdigit():
            raise UserError(f"--at takes TABLE=VERSION, e.g. decisions=0; got {entry!r}")
        versions[name] = int(version)
    return versions
