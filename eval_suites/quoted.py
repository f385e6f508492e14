"""Published numbers of other models, quoted beside a leaderboard: never mixed with what was measured here."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpus import yaml_text

_FILE = Path(__file__).with_name("quoted.yaml")


@dataclass(frozen=True, slots=True)
class Quote:
    """A published number."""

    suite: str
    model: str
    task: str
    value: float  # in [0, 1]
    source: str
    protocol: str
    is_comparable: bool  # whether it was measured as the suite measures


@cache
def quotes() -> tuple[Quote, ...]:
    """Returns all published numbers that ship with Pomona."""
    tables, _ = yaml_text.read(_FILE.read_text(), _FILE.name)
    return tuple(
        Quote(
            table["suite"], row["model"], row["task"], row["value"] / 100, table["source"], table["protocol"],
            table["comparable"],
        )
        for table in tables
        for row in table["rows"]
    )  # fmt: skip


def of_suite(suite: str) -> list[Quote]:
    """Returns the published numbers of a suite's tasks."""
    return [one for one in quotes() if one.suite == suite]
