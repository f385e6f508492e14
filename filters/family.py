"""The families that measure and decide: signals, which every recipe has, and the filter."""

from corpus.family import Cost, Entry, Family
from filters.settings import FilterSettings

SIGNALS = Family(
    name="signals",
    room=__package__,
    doc="Every document's signals",
    by_default="always",
    stages=(Entry("signals", "measure", Cost(mb_per_second=12.0, held_per_byte=6.0, held_per_longest=34.0)),),
)
FILTER = Family(
    name="filter",
    room=__package__,
    doc="Rules that documents must pass; null turns the filter off",
    settings=FilterSettings,
    by_default="on",
    stages=(Entry("filter", "decisions", Cost(mb_per_second=60.0, reads="signals", writes=0.2, held_per_byte=3.0)),),
    decides=True,
)
