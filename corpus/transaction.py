"""Tries a commit once: it makes a table's next version from the version that was read, or nothing.

delta-rs can repeat a commit that lost to another, after a check that accepts commits which only add files. This is
switched off here. A process that lost reads the table again and computes again what to replace
(corpus.lake.Lake.commit).
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from corpus import lineage as lineages
from corpus.lineage import Lineage
from corpus.parts import Part

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

_LOG_DAYS = 3650  # how long the log keeps the versions that lineage is about


def create(
    url: str, storage_options: Mapping[str, str], parts: Sequence[Part], lineage: Lineage, arrow: pa.Schema
) -> None:
    """Makes version 0 of a table; raises `DeltaError` if the table exists already."""
    from deltalake import Schema
    from deltalake.transaction import create_table_with_add_actions

    create_table_with_add_actions(
        url,
        Schema.from_arrow(arrow),
        [_add(part) for part in parts],
        storage_options=dict(storage_options) or None,
        configuration={"delta.logRetentionDuration": f"interval {_LOG_DAYS} days"},
        commit_properties=_properties(lineage, ()),
    )


def replace(
    delta: "DeltaTable", old: Sequence[Part], parts: Sequence[Part], lineage: Lineage, arrow: pa.Schema
) -> None:
    """Makes the version after the one that `delta` read, with `parts` in place of `old`.

    Raises `DeltaError` if that version has been made meanwhile.
    """
    from deltalake import Schema
    from deltalake.transaction import RemoveAction

    old_parts, paths = set(old), {part.path for part in parts}
    adds = [_add(part) for part in parts if part not in old_parts]
    removes = [RemoveAction(part.path, True, 0, part.n_bytes) for part in old if part.path not in paths]
    delta.create_write_transaction(
        [*adds, *removes], "append", Schema.from_arrow(arrow), commit_properties=_properties(lineage, ())
    )


def replace_all(
    delta: "DeltaTable", lost: Sequence[str], parts: Sequence[Part], lineage: Lineage, arrow: pa.Schema
) -> None:
    """Like `replace`, with other columns: no part of the version before stays, and the slots `lost` are recorded."""
    from deltalake import Schema

    delta.create_write_transaction(
        [_add(part) for part in parts],
        "overwrite",
        Schema.from_arrow(arrow),
        commit_properties=_properties(lineage, tuple(lost)),
    )


def _add(part: Part) -> "AddAction":
    from deltalake.transaction import AddAction

    return AddAction(part.path, part.n_bytes, {}, 0, True, json.dumps({"numRecords": part.n_rows}))


def _properties(lineage: Lineage, lost: tuple[str, ...]) -> Any:
    from deltalake import CommitProperties

    return CommitProperties(custom_metadata=lineages.to_metadata(lineage, lost), max_commit_retries=0)
