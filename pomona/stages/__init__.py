"""The stages in order: what each one reads, writes and is keyed by.

A stage is planned against the lake as it stands. Its key is the hash of its configuration, its inputs and its
version; a stage whose key its slot already carries is current.
"""

from corpus.lake import Lake
from pomona.recipe import Recipe
from pomona.recipe_dedup import DedupRecipe
from pomona.stages import decontam, minhash, repeats, semantic
from pomona.stages.decontam import plan_decontam
from pomona.stages.exact import plan_exact
from pomona.stages.ingest import plan_ingest
from pomona.stages.judge import plan_filter, plan_signals, settings_config
from pomona.stages.minhash import plan_minhash
from pomona.stages.repeats import plan_repeats
from pomona.stages.semantic import plan_semantic
from pomona.stages.stage import DECIDING, DEDUP, Stage

__all__ = [
    "DECIDING", "DEDUP", "Stage", "dedup_names", "names", "plan", "plan_decontam", "plan_dedup",
    "plan_exact", "plan_filter", "plan_ingest", "plan_minhash", "plan_repeats", "plan_semantic", "plan_signals",
    "settings_config", "slot_of",
]  # fmt: skip


def names(recipe: Recipe) -> list[str]:
    """The recipe's stages in the order in which they run."""
    found = [f"ingest:{source.name}" for source in recipe.sources] + ["signals"]
    found += ["filter"] if recipe.filter else []
    found += dedup_names(recipe.dedup) if recipe.dedup else []
    return found + list(decontam.STAGES if recipe.decontaminate else ())


def plan(name: str, lake: Lake, recipe: Recipe, memory: int | None = None, parser_bytes: int | None = None) -> Stage:
    """The stage called `name`, against the lake as it is; a worker may hold `memory` bytes, its parser some more."""
    sources = [source.name for source in recipe.sources]
    if name.startswith("ingest:"):
        return plan_ingest(lake, next(s for s in recipe.sources if f"ingest:{s.name}" == name), parser_bytes)
    if name == "signals":
        return plan_signals(lake)
    if name == "filter" and recipe.filter:
        return plan_filter(lake, recipe.filter.settings())
    if name in decontam.STAGES and recipe.decontaminate:
        return plan_decontam(name, lake, recipe.decontaminate)
    assert recipe.dedup is not None, name
    return plan_dedup(name, lake, recipe.dedup, sources, memory)


def slot_of(name: str) -> str:
    """The slot of decisions that a stage works towards; its own name for one that decides nothing."""
    first = {"signatures": "minhash", "embeddings": "semantic"}
    return first.get(name, name.partition(":")[0])


def dedup_names(recipe: DedupRecipe) -> list[str]:
    """The stages of deduplication in the order in which they run."""
    found = ["exact"] if recipe.exact else []
    found += minhash.STAGES if recipe.minhash else ()
    found += semantic.STAGES if recipe.semantic else ()
    found += repeats.PARAGRAPHS if recipe.paragraphs else ()
    return [*found, *(repeats.SUBSTRINGS if recipe.substrings else ())]


def plan_dedup(name: str, lake: Lake, recipe: DedupRecipe, sources: list[str], memory: int | None = None) -> Stage:
    """The stage of deduplication called `name`."""
    if name == "exact":
        return plan_exact(lake, recipe, sources)
    plans = {minhash.STAGES: plan_minhash, semantic.STAGES: plan_semantic, repeats.STAGES: plan_repeats}
    return next(plan for family, plan in plans.items() if name in family)(name, lake, recipe, sources, memory)
