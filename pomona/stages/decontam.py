"""Decontamination: documents against benchmarks, in two passes; each is a stage."""

from typing import Any

import polars as pl

from corpus import schema
from corpus.dedup import shuffle
from corpus.execution import ITEM_BYTES, Output, WorkItem, digest
from corpus.lake import Lake
from decontam import index as indexing
from decontam import policies, steps
from decontam.benchmarks import Benchmark, load_all
from decontam.report import KEPT
from pomona.recipe import DecontaminateRecipe
from pomona.stages.stage import Stage, basis, content, decided_before, inherited, longest_document

STAGES = ("decontam:counts", "decontam:totals", "decontam", "decontam:touched")
_MOST_ITEMS = 4096  # each reads the totals of all n-grams
_TABLES = ("decisions", "contamination", "verdicts", "cuts")


def load(recipe: DecontaminateRecipe) -> list[Benchmark]:
    """The benchmarks that are protected; raises `UserError` for one that cannot be read."""
    return load_all(recipe.benchmarks, recipe.question_column, recipe.answer_column)


def plan_decontam(name: str, lake: Lake, recipe: DecontaminateRecipe) -> Stage:
    """The stage called `name`, one of STAGES."""
    benchmarks = load(recipe)
    key = indexing.key(benchmarks)
    protected = {"index": key, "benchmarks": {b.name: len(b.items) for b in benchmarks}}
    slots = decided_before(lake, steps.STAGE)
    documents = lake.parts("documents")
    inputs = basis(lake, steps.STAGE)
    facts = {"n_documents": sum(p.n_rows for p in documents), "n_bytes": sum(p.n_bytes for p in documents)}

    def plan_items(config: Any) -> list[WorkItem]:
        _build(lake, benchmarks, key)
        return _items(lake, [config, inputs])

    if name == "decontam:counts":
        return Stage(
            name, (_output("ngram_counts"),), protected, inputs, steps.VERSION, steps.CountStep(lake, key, slots),
            lambda: plan_items(protected), facts=facts, may_be_empty=True,
        )  # fmt: skip
    if name == "decontam:totals":
        counts = content("ngram_counts", lake.parts("ngram_counts"))
        return Stage(
            name, (_output("ngram_totals"),), {}, counts, steps.VERSION, steps.TotalsStep(lake),
            lambda: [WorkItem(digest([counts, steps.VERSION]), "sums", 1, {})], in_process=True, may_be_empty=True,
        )  # fmt: skip
    if name == "decontam:touched":
        touching = content("contamination", lake.parts("contamination"))
        touching |= content("decisions", lake.parts("decisions"))
        present = (*slots, steps.STAGE)
        return Stage(
            name, (Output("touched", KEPT, schema.TABLES["touched"].schema),), {"mixture": KEPT}, touching,
            steps.VERSION, steps.TouchedStep(lake, KEPT, present),
            lambda: [WorkItem(digest([touching, steps.VERSION]), KEPT, 1, {})], in_process=True, may_be_empty=True,
        )  # fmt: skip
    assert name == steps.STAGE
    common = recipe.common_documents or policies.scaled_threshold(_n_words(lake, slots))
    config = protected | {"policy": recipe.policy, "common_documents": common}
    totals = content("ngram_totals", lake.parts("ngram_totals"))
    return Stage(
        name,
        tuple(Output(table, steps.STAGE, schema.TABLES[table].schema) for table in _TABLES),
        config,
        inherited(lake, steps.STAGE, "ngram_counts", "ngram-counts") | totals,
        steps.VERSION,
        steps.DecontamStep(lake, key, recipe.policy, common, slots),
        lambda: plan_items([config, totals]),
        facts=facts,
    )


def _build(lake: Lake, benchmarks: list[Benchmark], key: str) -> None:
    if not steps.folder(lake, key).exists():
        steps.store(lake, indexing.build(benchmarks), key)


def _items(lake: Lake, config: Any) -> list[WorkItem]:
    """Row groups of documents, together until they are worth reading the decisions for."""
    groups = []
    for part in lake.parts("documents"):
        metadata = lake.open_part("documents", part).metadata
        for group in range(metadata.num_row_groups):
            size, longest = metadata.row_group(group).total_byte_size, longest_document(metadata, group)
            groups.append(([part.path, group], size, longest))
    most = max(ITEM_BYTES, sum(size for _, size, _ in groups) // _MOST_ITEMS)
    items = []
    for first, end in shuffle.cut([size for _, size, _ in groups], most):
        spec = {"row_groups": [group for group, _, _ in groups[first:end]]}
        size, longest = sum(size for _, size, _ in groups[first:end]), max(long for _, _, long in groups[first:end])
        key = digest([spec, config, steps.VERSION])
        items.append(WorkItem(key, f"{end - first} row groups", size, spec, longest))
    return items


def _n_words(lake: Lake, slots: tuple[str, ...]) -> int:
    """Words of the documents that no stage dropped; 0 where nothing was measured yet."""
    if not lake.exists("signals"):
        return 0
    words = lake.scan("signals").select("id", "n_words")
    for slot in slots:
        words = words.join(lake.scan("decisions", slot=slot).filter("kept").select("id"), on="id", how="semi")
    return int(words.select(pl.col("n_words").sum()).collect(engine="streaming").item() or 0)


def _output(table: str) -> Output:
    return Output(table, table.replace("_", "-"), schema.TABLES[table].schema)
