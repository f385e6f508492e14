"""Exact duplicates: signals to clusters."""

from corpus import schema
from corpus.dedup import exact
from corpus.execution import Output, WorkItem
from corpus.lake import Lake
from pomona.recipe_dedup import DedupRecipe
from pomona.stages.stage import Stage, basis, content, decided_before


def plan_exact(lake: Lake, recipe: DedupRecipe, sources: list[str]) -> Stage:
    """Exact duplicates among the documents that the filter kept, or among all where none ran."""
    rests_on = basis(lake, exact.STAGE, through="signals")
    parts = lake.parts("signals")
    slots = decided_before(lake, exact.STAGE)
    n_documents = sum(part.n_rows for part in parts)
    config = keep_config(recipe, sources)
    inputs = content("signals", parts) | rests_on

    def plan_items() -> list[WorkItem]:
        return exact.plan(n_documents, [config, inputs])

    return Stage(
        exact.STAGE,
        tuple(Output(table, exact.STAGE, schema.TABLES[table].schema) for table in ("decisions", "duplicates")),
        config,
        inputs,
        exact.VERSION,
        exact.ExactStep(lake, recipe.keep, tuple(sources), recipe.quality, slots),
        plan_items,
        in_process=True,
        facts={"n_documents": n_documents, "n_bytes": sum(part.n_bytes for part in parts)},
    )


def keep_config(recipe: DedupRecipe, sources: list[str]) -> dict[str, object]:
    """What decides which copy stays."""
    return {
        "keep": recipe.keep,
        "quality": recipe.quality if recipe.keep == "quality" else None,
        "sources": sources if recipe.keep != "first" else [],
    }
