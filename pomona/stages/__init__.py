"""The stages in order: what each one reads, writes and is keyed by.

A stage is planned against the lake as it stands. Its key is the hash of its configuration, its inputs and its
version; a stage whose key its slot already carries is current.
"""

from corpus.lake import Lake
from pomona.recipe import Recipe
from pomona.stages import decontam, minhash
from pomona.stages.decontam import plan_decontam
from pomona.stages.exact import plan_exact
from pomona.stages.ingest import plan_ingest
from pomona.stages.judge import plan_filter, plan_signals, settings_config
from pomona.stages.minhash import plan_minhash
from pomona.stages.stage import DECIDING, Stage, item_bytes

__all__ = [
    "DECIDING", "Stage", "item_bytes", "names", "plan", "plan_decontam", "plan_exact", "plan_filter", "plan_ingest",
    "plan_minhash", "plan_signals", "settings_config",
]  # fmt: skip


def names(recipe: Recipe) -> list[str]:
    """The recipe's stages in the order in which they run."""
    found = [f"ingest:{source.name}" for source in recipe.sources] + ["signals"]
    found += ["filter"] if recipe.filter else []
    if recipe.dedup:
        found += ["exact"] if recipe.dedup.exact else []
        found += minhash.STAGES if recipe.dedup.minhash else []
    return found + list(decontam.STAGES if recipe.decontaminate else ())


def plan(name: str, lake: Lake, recipe: Recipe, memory: int | None = None) -> Stage:
    """The stage called `name`, against the lake as it stands; a worker may hold `memory` bytes of data."""
    sources = [source.name for source in recipe.sources]
    if name.startswith("ingest:"):
        return plan_ingest(lake, next(s for s in recipe.sources if f"ingest:{s.name}" == name))
    if name == "signals":
        return plan_signals(lake)
    if name == "filter" and recipe.filter:
        return plan_filter(lake, recipe.filter.settings())
    if name == "exact" and recipe.dedup:
        return plan_exact(lake, recipe.dedup, sources)
    if name in minhash.STAGES and recipe.dedup:
        return plan_minhash(name, lake, recipe.dedup, sources, memory)
    if name in decontam.STAGES and recipe.decontaminate:
        return plan_decontam(name, lake, recipe.decontaminate)
    raise AssertionError(name)
