"""Plans the stages that measure and decide: documents to signals, signals to decisions."""

from typing import Any

from corpus.grouping import groups
from corpus.row_groups import items
from corpus.stage import Context, Stage, output
from corpus.task import Output, WorkItem, digest
from filters import decide, own, rules, signals
from filters.settings import FilterSettings
from filters.steps import FilterStep, SignalParts, SignalsStep

_DECIDE_BYTES = 32 << 20  # of signals in one work item


def measure(context: Context[None]) -> Stage:
    """Every document's signals."""
    lake = context.lake
    documents = lake.parts("documents")
    families = list(signals.FAMILIES)

    return Stage(
        name="signals",
        outputs=(Output("signals", "signals", signals.table_schema()),),
        config={"families": families},
        inputs=context.contents("documents"),
        version=signals.VERSION,
        step=SignalsStep(lake),
        plan_items=lambda: items(lake, documents, (signals.VERSION, families)),
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )


def decisions(context: Context[FilterSettings]) -> Stage:
    """One decision per document, from its signals."""
    rests_on = context.basis(through="signals")
    parts = context.lake.parts("signals")
    settings = context.settings.decisive()
    config = as_config(settings)

    def plan_items() -> list[WorkItem]:
        """Groups the parts of `signals` in the same way when parts come and go."""
        work_items = []
        for group in groups(parts, lambda part: part.path.encode(), lambda part: part.n_bytes, _DECIDE_BYTES):
            paths = [part.path for part in group]
            key, n_bytes = digest([paths, config, rules.VERSION]), sum(part.n_bytes for part in group)
            work_items.append(WorkItem(key, f"{len(paths)} parts of signals", n_bytes, SignalParts(tuple(paths))))
        return work_items

    return Stage(
        name=decide.STAGE,
        outputs=(output("decisions", decide.STAGE),),
        config=config,
        inputs=context.contents("signals") | rests_on,
        version=rules.VERSION,
        step=FilterStep(context.lake, settings),
        plan_items=plan_items,
        in_process=True,
        facts={"n_documents": context.n_rows("signals"), "n_bytes": context.n_bytes("signals")},
    )


def as_config(settings: decide.Settings) -> dict[str, Any]:
    """Returns the settings as JSON: every rule with its limit, so that a changed default is visible."""
    return {
        "rules": {name: settings.limit(name) for name in settings.rules},
        "overrides": [
            {"source": o.source, "language": o.language, "limits": dict(o.limits), "rules": o.rules}
            for o in settings.overrides
        ],
        "languages": settings.language_limits,
    } | ({"own": own.as_config(settings.own)} if settings.own else {})
