"""What a stage is: what it reads, writes and is keyed by, planned against the lake as it stands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from corpus.execution import Output, Step, WorkItem, digest
from corpus.lake import Lake, Part
from corpus.parts import LONG_DOCUMENT_BYTES
from corpus.remaining import check_numbers


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, planned: what it would commit, and how to make it."""

    name: str
    outputs: tuple[Output, ...]  # the first is written last: it says that an item is done
    config: dict[str, Any]
    inputs: dict[str, Any]
    version: int
    step: Step
    plan_items: Callable[[], list[WorkItem]]
    in_process: bool = False  # its step uses every core by itself
    may_be_empty: bool = False  # no row is no mistake
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def slot(self) -> str:
        """The slot that carries the stage's key."""
        return self.outputs[0].slot

    @property
    def key(self) -> str:
        """Stands for everything that the stage's result depends on."""
        return digest([self.name, self.config, self.inputs, self.version])


def basis(lake: Lake, stage: str | None, through: str | None = None) -> dict[str, Any]:
    """What a stage's decisions rest on: the documents, and what the stages before it decided and cut; of all for None.

    It belongs to the inputs of every stage that decides, so that readers can tell whether its decisions hold
    (pomona.standing). A stage that sees documents `through` another table (signals) rests on those that this table was
    made from: another process may have added more since. Take the basis before you read what it is about.
    """
    documents = content("documents", lake.parts("documents")) if through is None else _made_from(lake, through)
    slots = decided_slots(lake) if stage is None else decided_before(lake, stage)
    decisions, cuts = lake.parts("decisions"), lake.parts("cuts")
    decided = {
        slot: digest([[part.path for part in parts if part.slot == slot] for parts in (decisions, cuts)])
        for slot in slots
    }
    return documents | {"decided": decided}


def _made_from(lake: Lake, table: str) -> dict[str, Any]:
    """The documents that a table with a row for each of them was made from."""
    made = lake.current(table, table)
    return {"documents": made.inputs.get("documents") if made else None}


def inherited(lake: Lake, stage: str, table: str, slot: str) -> dict[str, Any]:
    """The basis of a stage in several steps: that on which its first step rests, which is what it came from.

    Another process may have decided anew since that step ran; then the result must not pass for newer than it is.
    """
    made = lake.current(table, slot)
    if made is None or "decided" not in made.inputs:
        return basis(lake, stage)
    return {name: made.inputs[name] for name in ("documents", "decided")}


def content(table: str, parts: list[Part]) -> dict[str, Any]:
    """Parts are named by what they hold, so their names stand for a table's content."""
    return {table: digest([part.path for part in parts])}


def row_group_items(lake: Lake, parts: list[Part], config: Any) -> Iterator[WorkItem]:
    """One item a row group of documents: about 64 MB of text at most."""
    check_numbers(part.path for part in parts)
    for part in parts:
        metadata = lake.open_part("documents", part).metadata
        for group in range(metadata.num_row_groups):
            spec = {"part": part.path, "row_group": group}
            n_bytes, longest = metadata.row_group(group).total_byte_size, longest_document(metadata, group)
            yield WorkItem(digest([spec, *config]), f"{part.path} [{group}]", n_bytes, spec, longest)


def longest_document(metadata: Any, group: int) -> int:
    """Bytes of the longest document of a row group, at most: a long one has a row group of its own (corpus.parts)."""
    row_group = metadata.row_group(group)
    n_bytes: int = row_group.total_byte_size
    return n_bytes if row_group.num_rows == 1 else min(n_bytes, LONG_DOCUMENT_BYTES)


DEDUP = ("exact", "minhash", "semantic", "paragraphs", "substrings")  # in order; slots too
DECIDING = ("filter", *DEDUP, "decontam")


def decided_slots(lake: Lake) -> list[str]:
    """The stages that have decided, in the order in which they run."""
    made = lake.lineages("decisions") if lake.exists("decisions") else {}
    return [slot for slot in DECIDING if slot in made]


def decided_before(lake: Lake, stage: str) -> tuple[str, ...]:
    """The stages before this one that have decided: what they dropped, it does not see."""
    return tuple(slot for slot in decided_slots(lake) if DECIDING.index(slot) < DECIDING.index(stage))
