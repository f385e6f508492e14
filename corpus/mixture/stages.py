"""Plans the stage that makes a mixture."""

from typing import Any

from corpus.lake import Lake
from corpus.mixture.candidates import left_out
from corpus.mixture.settings import Mixture
from corpus.mixture.steps import VERSION, MixStep
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest


def slot(name: str) -> str:
    """Returns the slot of a mixture's tables."""
    return f"mix-{name}"


def mix(context: Context[Mixture]) -> Stage:
    """Plans the choice of a mixture's documents."""
    lake, mixture = context.lake, context.settings
    exact = "tokenizer" in context.others
    tables = ("duplicates", "contamination", "signals", *(("tokens",) if exact else ()))
    inputs = context.basis() | context.contents(*tables)
    if mixture.leave_out is not None:
        inputs |= {"leave_out": left_out(lake, mixture)[1]}
    config: dict[str, Any] = mixture.definition() | {"tokens_are": "counted" if exact else "estimated"}

    return Stage(
        name=f"mix:{mixture.name}",
        outputs=tuple(output(table, slot(mixture.name)) for table in ("mixtures", "touched")),
        config=config,
        inputs=inputs,
        version=VERSION,
        step=MixStep(lake, mixture, context.decided, exact),
        plan_items=lambda: [WorkItem(digest([config, mixture.name, inputs, VERSION]), mixture.name, 1, All())],
        in_process=True,
        facts={"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")},
    )


def recorded(lake: Lake, name: str) -> Mixture | None:
    """Returns the definition of a mixture that a lake has, or None."""
    lineage = lake.current("mixtures", slot(name)) if lake.exists("mixtures") else None
    if lineage is None:
        return None
    return Mixture.defined(name, lineage.config)
