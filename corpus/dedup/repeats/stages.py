"""Plans the stages of repeated passages: find passages, find those that repeat, and cut.

Paragraphs and substrings are two families with the same three stages; they differ in what counts as a passage.
"""

from dataclasses import dataclass
from typing import Any

from corpus.basis import content
from corpus.dedup import canary, shuffle
from corpus.dedup.repeats import steps
from corpus.dedup.repeats.passages import Passages
from corpus.dedup.repeats.settings import Repeats
from corpus.dedup.repeats.steps import PASSAGE_BYTES, VERSION, CellsSpec, CutSpec, NumberedGroup, PassagesSpec
from corpus.row_groups import sized
from corpus.stage import Context, Stage, output, work_item
from corpus.task import WorkItem, digest

_BYTES_PER_WORD = 6  # of text, approximately


@dataclass(frozen=True, slots=True)
class Piece:
    """The row groups of one work item."""

    row_groups: tuple[NumberedGroup, ...]
    n_bytes: int  # of passages
    longest: int  # bytes of the longest document


def passages(context: Context[Repeats]) -> Stage:
    """The passages of the documents that earlier stages kept."""
    config, inputs = _config(context), context.basis()
    definition, pieces = context.settings.passages(), _pieces(context)
    total = sum(piece.n_bytes for piece in pieces)
    n_ranges = shuffle.ranges_for(total, shuffle.run_bytes(total, context.memory))
    n_documents = _n_documents(pieces)

    def plan_items() -> list[WorkItem]:
        """Returns one item per piece of the documents, with its share of the planted texts."""
        work_items = []
        for i, piece in enumerate(pieces):
            canaries = canary.places(i, len(pieces)) if _has_canary(definition) else ()
            spec = PassagesSpec(piece.row_groups, canaries)
            work_items.append(work_item(spec, [config, n_ranges, inputs, VERSION], piece.n_bytes, piece.longest))
        return work_items

    return Stage(
        name=f"{context.family}:passages",
        outputs=(output("passages", context.family, row_group_per_batch=True),),
        config=config,
        inputs=inputs,
        version=VERSION,
        step=steps.PassagesStep(context.lake, definition, context.sources, context.decided, n_ranges, n_documents),
        plan_items=plan_items,
        may_be_empty=True,
        facts={"n_documents": n_documents, "n_bytes": total},
    )


def repeats(context: Context[Repeats]) -> Stage:
    """The copies of each passage, except the first."""
    lake, slot = context.lake, context.family
    total = sum(part.n_rows for part in lake.parts("passages", slot)) * PASSAGE_BYTES
    bounds = tuple(piece.row_groups[0].base for piece in _pieces(context))
    inputs = content("passages", lake.parts("passages", slot))
    rests_on = context.basis()

    def plan_items() -> list[WorkItem]:
        """Cuts the cells of `passages` into items."""
        made_from = [inputs, list(bounds), rests_on, VERSION]
        cuts = shuffle.cell_cuts(lake, "passages", total, context.memory, slot)
        return [work_item(CellsSpec(slot, cells), made_from, size) for cells, size in cuts]

    return Stage(
        name=f"{slot}:repeats",
        outputs=(output("repeats", slot, row_group_per_batch=True),),
        config={},
        inputs=inputs | {"bounds": digest(bounds)},
        version=VERSION,
        step=steps.RepeatsStep(lake, bounds),
        plan_items=plan_items,
        may_be_empty=True,
        facts={"n_bytes": total},
    )


def cuts(context: Context[Repeats]) -> Stage:
    """The cuts, and the documents that have too few words left."""
    lake, slot, min_words_left = context.lake, context.family, context.settings.min_words_left
    rests_on, pieces = context.basis(), _pieces(context)
    config = _config(context) | {"min_words_left": min_words_left}
    repeated = content("repeats", lake.parts("repeats", slot))
    n_documents = _n_documents(pieces)

    def plan_items() -> list[WorkItem]:
        """Returns one item per piece of the documents."""
        made_from: list[Any] = [config, repeated, rests_on, VERSION]
        return [
            work_item(CutSpec(piece.row_groups, i, i == len(pieces) - 1), made_from, piece.n_bytes, piece.longest)
            for i, piece in enumerate(pieces)
        ]

    has_canary = _has_canary(context.settings.passages())
    return Stage(
        name=slot,
        outputs=(output("decisions", slot), output("cuts", slot)),
        config=config,
        inputs=context.inherited("passages", slot),
        version=VERSION,
        step=steps.CutStep(lake, slot, min_words_left, context.decided, n_documents, has_canary),
        plan_items=plan_items,
        facts={"n_documents": n_documents, "n_bytes": sum(piece.n_bytes for piece in pieces)},
    )


def _pieces(context: Context[Repeats]) -> list[Piece]:
    """Returns pieces: row groups of documents whose passages a worker can sort together."""
    definition = context.settings.passages()
    bytes_per_passage = _BYTES_PER_WORD * (1 if definition.unit == "span" else definition.n_words)
    groups, sizes, longest, base = [], [], [], 0
    for group, n_rows, n_bytes, longest_document in sized(context.lake, context.lake.parts("documents")):
        groups.append(NumberedGroup(*group, base, n_rows))
        sizes.append(max(n_bytes // bytes_per_passage * PASSAGE_BYTES, n_bytes // 4))
        longest.append(longest_document)
        base += n_rows

    max_bytes = shuffle.run_bytes(sum(sizes), context.memory)
    return [
        Piece(tuple(groups[first:end]), sum(sizes[first:end]), max(longest[first:end]))
        for first, end in shuffle.cut(sizes, max_bytes)
    ]


def _config(context: Context[Repeats]) -> dict[str, Any]:
    """Returns the settings that decide which passages are found and which copy stays."""
    return context.settings.passages().options() | {"sources": list(context.sources)}


def _has_canary(wanted: Passages) -> bool:
    """Returns whether the planted duplicate is long enough to be a passage."""
    return wanted.n_words <= canary.N_WORDS


def _n_documents(pieces: list[Piece]) -> int:
    return sum(group.n_rows for piece in pieces for group in piece.row_groups)
