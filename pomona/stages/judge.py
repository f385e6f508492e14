"""Signals and filter: documents to numbers, numbers to decisions."""

from typing import Any

from corpus import schema
from corpus.execution import Output, WorkItem, digest
from corpus.grouping import groups
from corpus.lake import Lake
from filters import decide, own, rules, signals
from filters.steps import FilterStep, SignalsStep
from pomona.stages.stage import Stage, basis, content, row_group_items

_DECIDE_BYTES = 32 << 20  # of signals in one item
SIGNAL_KEY = (signals.VERSION, list(signals.FAMILIES))  # of a row group's part


def plan_signals(lake: Lake) -> Stage:
    """Every document's signals."""
    parts = lake.parts("documents")

    def plan_items() -> list[WorkItem]:
        return list(row_group_items(lake, parts, SIGNAL_KEY))

    return Stage(
        "signals",
        (Output("signals", "signals", signals.table_schema()),),
        {"families": list(signals.FAMILIES)},
        content("documents", parts),
        signals.VERSION,
        SignalsStep(lake),
        plan_items,
        facts={"n_documents": sum(part.n_rows for part in parts), "n_bytes": sum(part.n_bytes for part in parts)},
    )


def plan_filter(lake: Lake, settings: decide.Settings) -> Stage:
    """One decision a document, from its signals."""
    rests_on = basis(lake, "filter", through="signals")
    parts = lake.parts("signals")
    config = settings_config(settings)

    def plan_items() -> list[WorkItem]:
        return [
            _filter_item([part.path for part in group], config, sum(part.n_bytes for part in group))
            for group in groups(parts, lambda part: part.path.encode(), lambda part: part.n_bytes, _DECIDE_BYTES)
        ]

    return Stage(
        "filter",
        (Output("decisions", "filter", schema.TABLES["decisions"].schema),),
        config,
        content("signals", parts) | rests_on,
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
        "languages": settings.language_limits,
    } | ({"own": own.as_config(settings.own)} if settings.own else {})
