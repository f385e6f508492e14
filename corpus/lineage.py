"""What made a version of a table: the part of a commit that says so, as JSON in Delta's commit information."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_LINEAGE, _LOST = "pomona", "pomona_lost"  # keys of the commit information
_DROP = "drop:"


@dataclass(frozen=True, slots=True)
class Lineage:
    """What made a commit: everything a reader needs to know whether it is still current."""

    stage: str
    slot: str
    key: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    stage_version: int = 1
    package_version: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dropped(self) -> bool:
        """Whether the commit took the slot away: its stage is called `drop:` and what went."""
        return self.stage.startswith(_DROP)


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table."""

    version: int
    timestamp_ms: int
    lineage: Lineage | None
    lost: tuple[str, ...] = ()  # slots of other stages whose parts had the columns before, and went with them


def to_metadata(lineage: Lineage, lost: tuple[str, ...] = ()) -> dict[str, str]:
    """The entries of the commit information."""
    metadata = {_LINEAGE: json.dumps(asdict(lineage), sort_keys=True)}
    return metadata | {_LOST: json.dumps(lost)} if lost else metadata


def from_metadata(entry: Mapping[str, Any]) -> Commit:
    """A version as Delta's history tells it; one that Pomona did not make has no lineage."""
    made, lost = entry.get(_LINEAGE), entry.get(_LOST)
    return Commit(
        entry["version"],
        entry["timestamp"],
        Lineage(**json.loads(made)) if made else None,
        tuple(json.loads(lost)) if lost else (),
    )
