"""The stages in order: what each one reads, writes and is keyed by.

A stage is planned against the lake as it stands. Its key is the hash of its configuration, its inputs and its
version; a stage whose key its slot already carries is current.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from corpus import ingest, schema
from corpus.dedup import exact
from corpus.errors import UserError
from corpus.execution import ITEM_BYTES, Output, Step, WorkItem, digest
from corpus.lake import Lake, Part
from corpus.records import Reject
from corpus.sources.files import File
from filters import decide, rules, signals
from filters.steps import FilterStep, SignalsStep
from pomona.recipe import DedupRecipe, Recipe, SourceRecipe

MIN_ITEM_BYTES = 4 << 20
_DECIDE_BYTES = 256 << 20  # of signals in one item


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, planned: what it would commit, and how to make it."""

    name: str
    outputs: tuple[Output, ...]  # the first is written last: it says that an item is done
    config: dict[str, Any]
    inputs: dict[str, Any]
    version: int
    step: Step
    plan_items: Callable[[], list[WorkItem]]
    in_process: bool = False  # its step uses every core by itself
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def slot(self) -> str:
        """The slot that carries the stage's key."""
        return self.outputs[0].slot

    @property
    def key(self) -> str:
        """Stands for everything that the stage's result depends on."""
        return digest([self.name, self.config, self.inputs, self.version])


def item_bytes(total: int) -> int:
    """Bytes of one work item: a 64th of the input, between 4 and 64 MiB; it depends on the input alone."""
    return max(MIN_ITEM_BYTES, min(ITEM_BYTES, total // 64))


def names(recipe: Recipe) -> list[str]:
    """The recipe's stages in the order in which they run."""
    found = [f"ingest:{source.name}" for source in recipe.sources] + ["signals"]
    found += ["filter"] if recipe.filter else []
    return found + (["dedup"] if recipe.dedup and recipe.dedup.exact else [])


def plan(name: str, lake: Lake, recipe: Recipe) -> Stage:
    """The stage called `name`, against the lake as it stands."""
    if name.startswith("ingest:"):
        return plan_ingest(lake, next(s for s in recipe.sources if f"ingest:{s.name}" == name))
    if name == "signals":
        return plan_signals(lake)
    if name == "filter" and recipe.filter:
        return plan_filter(lake, recipe.filter.settings())
    if name == "dedup" and recipe.dedup:
        return plan_dedup(lake, recipe.dedup, [source.name for source in recipe.sources])
    raise AssertionError(name)


# Ingest: raw files to documents and rejects


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


# Signals: documents to numbers


def plan_signals(lake: Lake) -> Stage:
    """Every document's signals."""
    parts = lake.parts("documents")

    def plan_items() -> list[WorkItem]:
        return list(_row_group_items(lake, parts))

    return Stage(
        "signals",
        (Output("signals", "signals", signals.table_schema()),),
        {"families": list(signals.FAMILIES)},
        _content("documents", parts),
        signals.VERSION,
        SignalsStep(lake),
        plan_items,
        facts={"n_documents": sum(part.n_rows for part in parts), "n_bytes": sum(part.n_bytes for part in parts)},
    )


def _row_group_items(lake: Lake, parts: list[Part]) -> Iterator[WorkItem]:
    """One item a row group: about 64 MB of text at most."""
    for part in parts:
        metadata = lake.open_part("documents", part).metadata
        for group in range(metadata.num_row_groups):
            spec = {"part": part.path, "row_group": group}
            n_bytes = metadata.row_group(group).total_byte_size
            key = digest([spec, signals.VERSION, list(signals.FAMILIES)])
            yield WorkItem(key, f"{part.path} [{group}]", n_bytes, spec)


# Filter: signals to decisions


def plan_filter(lake: Lake, settings: decide.Settings) -> Stage:
    """One decision a document, from its signals."""
    parts = lake.parts("signals")
    config = settings_config(settings)

    def plan_items() -> list[WorkItem]:
        items, group, size = [], [], 0
        for part in parts:
            group.append(part.path)
            size += part.n_bytes
            if size >= _DECIDE_BYTES:
                items.append(_filter_item(group, config, size))
                group, size = [], 0
        return [*items, _filter_item(group, config, size)] if group else items

    return Stage(
        "filter",
        (Output("decisions", "filter", schema.TABLES["decisions"].schema),),
        config,
        _content("signals", parts),
        rules.VERSION,
        FilterStep(lake, settings),
        plan_items,
        in_process=True,
        facts={"n_documents": sum(part.n_rows for part in parts), "n_bytes": sum(part.n_bytes for part in parts)},
    )


def _filter_item(group: list[str], config: dict[str, Any], size: int) -> WorkItem:
    return WorkItem(digest([group, config, rules.VERSION]), f"{len(group)} parts of signals", size, {"parts": group})


def settings_config(settings: decide.Settings) -> dict[str, Any]:
    """Filter settings as JSON: every rule with its limit, so that a change of a default shows."""
    return {
        "rules": {name: settings.limit(name) for name in settings.rules},
        "overrides": [
            {"source": o.source, "language": o.language, "limits": dict(o.limits), "rules": o.rules}
            for o in settings.overrides
        ],
    }


# Dedup: kept documents to clusters


def plan_dedup(lake: Lake, recipe: DedupRecipe, sources: list[str]) -> Stage:
    """Exact duplicates among the documents that the filter kept, or among all where none ran."""
    signal_parts = lake.parts("signals")
    filter_parts = lake.parts("decisions", "filter")
    n_documents = sum(part.n_rows for part in signal_parts)
    config = {"keep": recipe.keep, "sources": sources if recipe.keep == "source_order" else []}

    def plan_items() -> list[WorkItem]:
        return exact.plan(n_documents, [config, _content("signals", signal_parts), _content("decisions", filter_parts)])

    return Stage(
        "dedup",
        (
            Output("decisions", "dedup", schema.TABLES["decisions"].schema),
            Output("duplicates", "dedup", schema.TABLES["duplicates"].schema),
        ),
        config,
        _content("signals", signal_parts) | _content("decisions", filter_parts),
        exact.VERSION,
        exact.ExactStep(lake, recipe.keep, tuple(sources)),
        plan_items,
        in_process=True,
        facts={"n_documents": n_documents, "n_bytes": sum(part.n_bytes for part in signal_parts)},
    )


def _content(table: str, parts: list[Part]) -> dict[str, Any]:
    """Parts are named by what they hold, so their names stand for a table's content."""
    return {table: digest([part.path for part in parts])}
