"""The family of semantic duplicates: four stages."""

from dataclasses import replace

from corpus.dedup.semantic.settings import Semantic
from corpus.dedup.settings import DEDUP
from corpus.family import Cost, Entry, Family

_COST = Cost(work="semantic", mb_per_second=30.0, held_per_byte=5.0, sized_to_memory=True)

FAMILY = Family(
    name="semantic",
    room=__package__,
    doc="Drop documents that say the same as another document; null, the default, turns it off",
    settings=Semantic,
    within=DEDUP,
    stages=(
        Entry(
            "embeddings",
            "embeddings",
            Cost(work="embeddings", mb_per_second=30.0, held_per_byte=5.0, held_per_longest=12.0),
        ),
        Entry("semantic:centroids", "centroids", replace(_COST, share=0.1)),
        Entry("semantic:members", "members", replace(_COST, share=0.3)),
        Entry("semantic", "leaders", replace(_COST, share=0.6)),
    ),
    decides=True,
    copies="semantic duplicates",
    reasons={"semantic.duplicate": "It says the same as another document, according to their embeddings"},
)
