"""Ingest: raw files of one source to documents and rejects."""

from corpus import ingest, schema
from corpus.errors import UserError
from corpus.execution import Output, WorkItem, digest
from corpus.lake import Lake
from corpus.records import Reject
from corpus.sources.files import File
from pomona.recipe import SourceRecipe
from pomona.stages.stage import Stage, item_bytes


def plan_ingest(lake: Lake, source: SourceRecipe) -> Stage:
    """Raw files of one source to `documents` and `rejects`."""
    kind, files, rejects, n_other = _list(source)
    settings = source.settings(kind)
    slot = f"ingest-{source.name}"
    total = sum(file.n_bytes for file in files)

    def plan_items() -> list[WorkItem]:
        return ingest.plan(settings, files, rejects, item_bytes(total))

    return Stage(
        f"ingest:{source.name}",
        tuple(Output(table, slot, schema.TABLES[table].schema) for table in ("documents", "rejects")),
        settings.options() | {"paths": list(source.path)},
        {"files": digest([file.key() for file in files]), "links": digest([reject.uri for reject in rejects])},
        ingest.VERSION,
        ingest.step,
        plan_items,
        facts={"n_files": len(files), "n_bytes": total, "kind": kind, "n_other_files": n_other},
    )


def _list(source: SourceRecipe) -> tuple[str, list[File], list[Reject], int]:
    """(kind, files, refused links, files of other kinds that were passed over) of all paths of a source."""
    files: dict[str, File] = {}
    rejects: list[Reject] = []
    kind, n_other = source.kind, 0
    for path in source.path:
        found_kind, found, refused, passed_over = ingest.find_files(path, kind)
        n_other += passed_over
        kind = kind or found_kind
        if not found and not refused:
            raise UserError(f"source {source.name!r}: {path} holds no {kind} file; name another --kind or path")
        files |= {file.path: file for file in found}
        rejects += refused
    assert kind is not None
    return kind, list(files.values()), rejects, n_other
