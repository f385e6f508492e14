"""The family of mixtures: per entry, one stage that chooses documents and one that writes their tokens in order."""

from corpus.family import Cost, Entry, Family
from corpus.mixture.settings import Mixture

_COST = Cost(work="filter", mb_per_second=200.0, reads="signals", writes=0.05, held_per_byte=2.0)
_WRITING = Cost(work="filter", mb_per_second=200.0, writes=0.5, held_per_byte=4.0)

FAMILY = Family(
    name="mix",
    room=__package__,
    doc="Named mixtures of the kept documents",
    settings=Mixture,
    section="mixtures",
    per_entry=True,
    stages=(
        Entry("mix", "mix", _COST),
        Entry("shards", "corpus.shards.stages:shards", _WRITING, needs="tokenizer"),
    ),
)
