"""Plans the stages of decontamination: documents against benchmarks, in two passes over the corpus."""

from typing import Any

import polars as pl

from corpus.dedup import shuffle
from corpus.row_groups import sized
from corpus.stage import Context, Stage, output, work_item
from corpus.task import ITEM_BYTES, All, WorkItem, digest
from decontam import added, policies, steps
from decontam import index as indexing
from decontam.names import KEPT
from decontam.settings import Decontaminate

_MOST_ITEMS = 4096  # each work item reads the totals of all n-grams


def counts(context: Context[Decontaminate]) -> Stage:
    """The number of documents that hold each benchmark n-gram without its item."""
    lake = context.lake
    rests_on = context.basis()
    benchmarks = context.settings.load(added.specs(lake))
    key = indexing.key(benchmarks)
    config = {"index": key, "benchmarks": {one.name: len(one.items) for one in benchmarks}}

    return Stage(
        name="decontam:counts",
        outputs=(output("ngram_counts"),),
        config=config,
        inputs=rests_on,
        version=steps.VERSION,
        step=steps.CountStep(lake, key, context.decided),
        plan_items=lambda: _items(context, [config, rests_on]),
        prepare=lambda: steps.store(lake, key, benchmarks),
        is_prepared=lambda: steps.is_stored(lake, key),
        may_be_empty=True,
        facts=_facts(context),
    )


def totals(context: Context[Decontaminate]) -> Stage:
    """The sums of all counts."""
    inputs = context.contents("ngram_counts")

    return Stage(
        name="decontam:totals",
        outputs=(output("ngram_totals"),),
        config={},
        inputs=inputs,
        version=steps.VERSION,
        step=steps.TotalsStep(context.lake),
        plan_items=lambda: [WorkItem(digest([inputs, steps.VERSION]), "sums", 1, All())],
        in_process=True,
        may_be_empty=True,
    )


def decisions(context: Context[Decontaminate]) -> Stage:
    """The drops and cuts of the policy, the items that documents touch, and the verdicts of other policies."""
    lake, settings = context.lake, context.settings
    benchmarks = settings.load(added.specs(lake))
    key = indexing.key(benchmarks)
    rests_on = context.basis()
    n_words = None if settings.common_documents else _n_words(context, rests_on)
    common = settings.common_documents or policies.scaled_threshold(n_words or 0)
    config = {
        "index": key,
        "benchmarks": {one.name: len(one.items) for one in benchmarks},
        "policy": settings.policy,
        "common_documents": common,
    }
    summed = context.contents("ngram_totals")

    return Stage(
        name=steps.STAGE,
        outputs=tuple(output(table, steps.STAGE) for table in ("decisions", "contamination", "verdicts", "cuts")),
        config=config,
        inputs=context.inherited("ngram_counts") | summed,
        version=steps.VERSION,
        step=steps.DecontamStep(lake, key, settings.policy, common, context.decided),
        plan_items=lambda: _items(context, [[config, summed], rests_on]),
        prepare=lambda: steps.store(lake, key, benchmarks),
        is_prepared=lambda: steps.is_stored(lake, key),
        facts=_facts(context) | ({} if n_words is None else {"n_words": n_words}),
    )


def touched(context: Context[Decontaminate]) -> Stage:
    """The benchmark items that the kept documents touch."""
    inputs = context.contents("contamination", "decisions")
    present = (*context.decided, steps.STAGE)

    return Stage(
        name="decontam:touched",
        outputs=(output("touched", KEPT),),
        config={"mixture": KEPT},
        inputs=inputs,
        version=steps.VERSION,
        step=steps.TouchedStep(context.lake, KEPT, present),
        plan_items=lambda: [WorkItem(digest([inputs, steps.VERSION]), KEPT, 1, All())],
        in_process=True,
        may_be_empty=True,
    )


def _items(context: Context[Decontaminate], made_from: list[Any]) -> list[WorkItem]:
    """Returns work items with so many row groups of documents that reading the decisions is worth it."""
    groups = list(sized(context.lake, context.lake.parts("documents")))
    sizes = [group.n_bytes for group in groups]
    max_bytes = max(ITEM_BYTES, sum(sizes) // _MOST_ITEMS)
    work_items = []
    for first, end in shuffle.cut(sizes, max_bytes):
        spec = steps.RowGroups(tuple(one.group for one in groups[first:end]))
        longest = max(one.longest for one in groups[first:end])
        work_items.append(work_item(spec, [made_from, steps.VERSION], sum(sizes[first:end]), longest))
    return work_items


def _n_words(context: Context[Decontaminate], rests_on: dict[str, Any]) -> int:
    """Returns the number of words of the documents that no earlier stage dropped; 0 if nothing was measured yet.

    The stage records the number, so that words are counted once per state of the lake.
    """
    lake = context.lake
    lineage = lake.current("decisions", steps.STAGE)
    if lineage and "n_words" in lineage.facts and all(lineage.inputs.get(name) == rests_on[name] for name in rests_on):
        return int(lineage.facts["n_words"])
    if not lake.exists("signals"):
        return 0
    words = lake.scan("signals").select("id", "n_words")
    for slot in context.decided:
        words = words.join(lake.scan("decisions", slot=slot).filter("kept").select("id"), on="id", how="semi")
    return int(words.select(pl.col("n_words").sum()).collect(engine="streaming").item() or 0)


def _facts(context: Context[Decontaminate]) -> dict[str, int]:
    return {"n_documents": context.n_rows("documents"), "n_bytes": context.n_bytes("documents")}
