"""The basis of a stage's decisions: the documents that it saw, and what the stages before it decided and cut.

Every stage that decides records its basis among its inputs. If the basis in the lake differs now, the decisions are out
of date, and they are not combined with others (pomona.standing).
"""

from collections.abc import Sequence
from typing import Any

from corpus.lake import Lake, Part
from corpus.parts import ANEW
from corpus.task import digest


def content(table: str, parts: Sequence[Part]) -> dict[str, Any]:
    """Returns a table's content as an input: a digest of the paths of its parts.

    Parts are named after what they are made from, so their paths identify the content. A part that was written anew,
    because documents were forgotten, counts as the one before: nothing else in it has changed.
    """
    return {table: digest([_path(part) for part in parts])}


def _path(part: Part) -> str:
    """Returns the path of a part as it was before it was written anew."""
    return f"{part.path.partition(ANEW)[0].removesuffix('.parquet')}.parquet"


def contents(lake: Lake, *tables: str) -> dict[str, Any]:
    """Returns the content of whole tables as inputs."""
    return {name: value for table in tables for name, value in content(table, lake.parts(table)).items()}


def basis(lake: Lake, slots: Sequence[str], through: str | None = None) -> dict[str, Any]:
    """Returns the documents, and what the stages `slots` decided and cut, as inputs.

    If a stage sees documents `through` another table, such as `signals`, its basis has the documents that this table
    was made from, because another process may have added more since. Take the basis before you read the data that it
    describes.
    """
    if through is None:
        documents = content("documents", lake.parts("documents"))
    else:
        lineage = lake.current(through, through)
        documents = {"documents": lineage.inputs.get("documents") if lineage else None}

    decisions, cuts = lake.parts("decisions"), lake.parts("cuts")
    decided = {
        slot: digest([[_path(part) for part in parts if part.slot == slot] for parts in (decisions, cuts)])
        for slot in slots
    }
    return documents | {"decided": decided}


def inherited(lake: Lake, slots: Sequence[str], table: str, slot: str) -> dict[str, Any]:
    """Returns the basis of a stage whose first step wrote a slot of `table`: what that step saw.

    The lake may be different now: another process may have decided again since then. The result must not appear newer
    than it is.
    """
    lineage = lake.current(table, slot)
    if lineage is None or "decided" not in lineage.inputs:
        return basis(lake, slots)
    return {name: lineage.inputs[name] for name in ("documents", "decided")}
