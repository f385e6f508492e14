"""The family that reads sources: one stage per entry of the recipe's `sources`."""

from corpus.family import Cost, Entry, Family
from corpus.ingest.settings import Source

FAMILY = Family(
    name="ingest",
    room=__package__,
    doc="Where raw files come from, in order",
    settings=Source,
    section="sources",
    by_default="required",
    per_entry=True,
    reads_sources=True,
    stages=(Entry("ingest", "read", Cost(work="text", reads="files", held_per_byte=1.0, parses_files=True)),),
)
