"""Passages that stand more than once: paragraphs or lines, and spans of words; each a stage of three steps."""

from dataclasses import dataclass
from typing import Any

from corpus import schema
from corpus.dedup import canary, repeats, shuffle
from corpus.dedup.repeats import PASSAGE_BYTES, Passages
from corpus.execution import Output, WorkItem, digest
from corpus.lake import Lake
from pomona.recipe_dedup import DedupRecipe
from pomona.stages.stage import Stage, basis, content, decided_before, inherited, longest_document

PARAGRAPHS = ("paragraphs:passages", "paragraphs:repeats", "paragraphs")
SUBSTRINGS = ("substrings:passages", "substrings:repeats", "substrings")
STAGES = (*PARAGRAPHS, *SUBSTRINGS)
_WORD_BYTES = 6  # of text, about


@dataclass(frozen=True, slots=True)
class Plan:
    """What the three steps share."""

    lake: Lake
    stage: str
    passages: Passages
    min_words_left: int
    sources: tuple[str, ...]
    slots: tuple[str, ...]
    inputs: dict[str, Any]
    groups: list[list[list[Any]]]  # of each work item: part, row group, number of its first document, documents
    sizes: list[tuple[int, int]]  # of each work item, bytes of passages, and those of its longest document
    n_documents: int
    memory: int | None

    @property
    def config(self) -> dict[str, Any]:
        """What decides which passages are found, and which copy stays."""
        return self.passages.options() | {"sources": list(self.sources)}

    @property
    def has_canary(self) -> bool:
        """Whether the planted duplicate is long enough to be a passage."""
        return self.passages.n_words <= canary.N_WORDS


def plan_repeats(name: str, lake: Lake, recipe: DedupRecipe, sources: list[str], memory: int | None = None) -> Stage:
    """The stage called `name`, one of STAGES."""
    plan = _plan(name.partition(":")[0], lake, recipe, sources, memory)
    step = name.partition(":")[2]
    return {"passages": _passages, "repeats": _repeats, "": _cut}[step](plan)


def _plan(stage: str, lake: Lake, recipe: DedupRecipe, sources: list[str], memory: int | None) -> Plan:
    own = recipe.paragraphs if stage == "paragraphs" else recipe.substrings
    assert own is not None
    passages = own.passages()
    slots = decided_before(lake, stage)
    inputs = basis(lake, stage)
    documents = lake.parts("documents")
    row_groups, sizes, longest, base = [], [], [], 0
    a_passage = _WORD_BYTES * (1 if passages.unit == "span" else passages.n_words)
    for part in documents:
        metadata = lake.open_part("documents", part).metadata
        for group in range(metadata.num_row_groups):
            n_rows, n_bytes = metadata.row_group(group).num_rows, metadata.row_group(group).total_byte_size
            row_groups.append([part.path, group, base, n_rows])
            sizes.append(max(n_bytes // a_passage * PASSAGE_BYTES, n_bytes // 4))
            longest.append(longest_document(metadata, group))
            base += n_rows
    cuts = list(shuffle.cut(sizes, shuffle.run_bytes(sum(sizes), memory)))
    groups = [row_groups[a:b] for a, b in cuts]
    held = [(sum(sizes[a:b]), max(longest[a:b])) for a, b in cuts]
    return Plan(lake, stage, passages, own.min_words_left, tuple(sources), slots, inputs, groups, held, base, memory)


def _passages(plan: Plan) -> Stage:
    total = sum(size for size, _ in plan.sizes)
    n_ranges = shuffle.ranges_for(total, shuffle.run_bytes(total, plan.memory))

    def plan_items() -> list[WorkItem]:
        last = len(plan.groups) - 1
        specs = [
            {"row_groups": group, "canaries": [k for k in (0, 1) if plan.has_canary and i == (0, last)[k]]}
            for i, group in enumerate(plan.groups)
        ]
        return [_item(plan, s, [plan.config, n_ranges], *n) for s, n in zip(specs, plan.sizes, strict=True)]

    return Stage(
        f"{plan.stage}:passages", (_output(plan, "passages", row_group_a_batch=True),), plan.config, plan.inputs,
        repeats.VERSION,
        repeats.PassagesStep(plan.lake, plan.passages, plan.sources, plan.slots, n_ranges, plan.n_documents),
        plan_items, may_be_empty=True, facts={"n_documents": plan.n_documents, "n_bytes": total},
    )  # fmt: skip


def _repeats(plan: Plan) -> Stage:
    parts = plan.lake.parts("passages", plan.stage)
    total = sum(part.n_rows for part in parts) * PASSAGE_BYTES
    n_cells = plan.lake.open_part("passages", parts[0]).num_row_groups if parts else 0
    bounds = tuple(group[0][2] for group in plan.groups)
    inputs = content("passages", parts)

    def plan_items() -> list[WorkItem]:
        a_cell = -(-total // max(n_cells, 1))
        cuts = shuffle.cut([a_cell] * n_cells, max(shuffle.run_bytes(total, plan.memory), a_cell))
        spec = {"slot": plan.stage}
        return [_item(plan, spec | {"cells": [a, b]}, [inputs, list(bounds)], (b - a) * a_cell) for a, b in cuts]

    return Stage(
        f"{plan.stage}:repeats", (_output(plan, "repeats", row_group_a_batch=True),), {},
        inputs | {"bounds": digest(bounds)}, repeats.VERSION, repeats.RepeatsStep(plan.lake, bounds), plan_items,
        may_be_empty=True, facts={"n_bytes": total},
    )  # fmt: skip


def _cut(plan: Plan) -> Stage:
    found = content("repeats", plan.lake.parts("repeats", plan.stage))
    config = plan.config | {"min_words_left": plan.min_words_left}

    def plan_items() -> list[WorkItem]:
        last = len(plan.groups) - 1
        specs = [{"row_groups": group, "cell": i, "is_last": i == last} for i, group in enumerate(plan.groups)]
        return [_item(plan, s, [config, found], *n) for s, n in zip(specs, plan.sizes, strict=True)]

    step = repeats.CutStep(plan.lake, plan.stage, plan.min_words_left, plan.slots, plan.n_documents, plan.has_canary)
    return Stage(
        plan.stage,
        (_output(plan, "decisions"), _output(plan, "cuts")),
        config,
        inherited(plan.lake, plan.stage, "passages", plan.stage),
        repeats.VERSION,
        step,
        plan_items,
        facts={"n_documents": plan.n_documents, "n_bytes": sum(size for size, _ in plan.sizes)},
    )


def _output(plan: Plan, table: str, *, row_group_a_batch: bool = False) -> Output:
    return Output(table, plan.stage, schema.TABLES[table].schema, row_group_a_batch)


def _item(plan: Plan, spec: dict[str, Any], config: list[Any], n_bytes: int, longest: int = 0) -> WorkItem:
    label = ", ".join(f"{name} {len(value) if name == 'row_groups' else value}" for name, value in spec.items())
    return WorkItem(digest([spec, *config, plan.inputs, repeats.VERSION]), label, n_bytes, spec, longest)
