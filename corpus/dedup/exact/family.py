"""The family of exact duplicates: one stage. It reads signals but no text, so it is as fast as the filter."""

from corpus.dedup.settings import DEDUP
from corpus.family import Cost, Entry, Family

_COST = Cost(work="filter", mb_per_second=60.0, reads="signals", writes=0.2, held_per_byte=12.0)

FAMILY = Family(
    name="exact",
    room=__package__,
    doc="Drop documents whose text differs from another's only in case and white space",
    within=DEDUP,
    by_default="on",
    stages=(Entry("exact", "exact", _COST),),
    decides=True,
    copies="exact copies",
    reasons={"exact.duplicate": "Its text differs from another document's only in case and white space"},
)
