"""What a stage's decisions rest on: the documents that it saw, and what the stages before it decided and cut.

Every stage that decides records its basis among its inputs. If the basis in the lake is another one now, the decisions
are out of date, and nobody combines them with others (pomona.standing).
"""

from collections.abc import Sequence
from typing import Any

from corpus.lake import Lake, Part
from corpus.task import digest


def content(table: str, parts: Sequence[Part]) -> dict[str, Any]:
    """A table's content as an input: parts are named by what they are made from, so their names identify it."""
    return {table: digest([part.path for part in parts])}


def contents(lake: Lake, *tables: str) -> dict[str, Any]:
    """The content of whole tables as inputs."""
    return {name: value for table in tables for name, value in content(table, lake.parts(table)).items()}


def basis(lake: Lake, slots: Sequence[str], through: str | None = None) -> dict[str, Any]:
    """The documents, and what the stages `slots` decided and cut.

    A stage that sees documents `through` another table, such as `signals`, rests on the documents that this table was
    made from: another process may have added more since. Take the basis before you read what it is about.
    """
    if through is None:
        documents = content("documents", lake.parts("documents"))
    else:
        made = lake.current(through, through)
        documents = {"documents": made.inputs.get("documents") if made else None}

    decisions, cuts = lake.parts("decisions"), lake.parts("cuts")
    decided = {
        slot: digest([[part.path for part in parts if part.slot == slot] for parts in (decisions, cuts)])
        for slot in slots
    }
    return documents | {"decided": decided}


def inherited(lake: Lake, slots: Sequence[str], table: str, slot: str) -> dict[str, Any]:
    """The basis of a stage whose first step wrote a slot of `table`: what that step saw, however the lake looks now.

    Another process may have decided again since then, and the result must not pass for newer than it is.
    """
    made = lake.current(table, slot)
    if made is None or "decided" not in made.inputs:
        return basis(lake, slots)
    return {name: made.inputs[name] for name in ("documents", "decided")}
