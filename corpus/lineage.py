"""The lineage of a table's version: what made it, stored as JSON in Delta's commit information."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_LINEAGE, _LOST = "pomona", "pomona_lost"  # keys of the commit information
_DROP = "drop:"


@dataclass(frozen=True, slots=True)
class Lineage:
    """What made a commit: everything that a reader needs to decide whether it is still current."""

    stage: str
    slot: str
    key: str  # identifies everything that the result depends on
    config: Mapping[str, Any] = field(default_factory=dict)  # settings that change the result
    inputs: Mapping[str, Any] = field(default_factory=dict)  # what the result is made from, as digests
    stage_version: int = 1
    package_version: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # for the report, e.g. sizes of the input

    @property
    def dropped(self) -> bool:
        """Whether the commit dropped the slot. Then its stage is named `drop:` and the name of what was dropped."""
        return self.stage.startswith(_DROP)


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table."""

    version: int
    timestamp_ms: int
    lineage: Lineage | None
    lost: tuple[str, ...] = ()  # slots of other stages whose parts had the old columns and were removed with them


def to_metadata(lineage: Lineage, lost: tuple[str, ...] = ()) -> dict[str, str]:
    """Returns the entries of the commit information."""
    metadata = {_LINEAGE: json.dumps(asdict(lineage), sort_keys=True)}
    return metadata | {_LOST: json.dumps(lost)} if lost else metadata


def from_metadata(entry: Mapping[str, Any]) -> Commit:
    """Returns a version from its entry in Delta's history. A version that Pomona did not make has no lineage."""
    lineage, lost = entry.get(_LINEAGE), entry.get(_LOST)
    return Commit(
        entry["version"],
        entry["timestamp"],
        Lineage(**json.loads(lineage)) if lineage else None,
        tuple(json.loads(lost)) if lost else (),
    )
