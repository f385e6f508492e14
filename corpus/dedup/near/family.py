"""The family of near-duplicates: six stages. Only the first one computes signatures from texts."""

from dataclasses import replace

from corpus.dedup.near.settings import MinHash
from corpus.dedup.settings import DEDUP
from corpus.family import Cost, Entry, Family

_COST = Cost(work="minhash", mb_per_second=60.0, held_per_byte=5.0, held_per_longest=8.0, sized_to_memory=True)

FAMILY = Family(
    name="minhash",
    room=__package__,
    doc="Drop documents that share most of their shingles with another document; null turns it off",
    settings=MinHash,
    within=DEDUP,
    by_default="on",
    stages=(
        Entry(
            "signatures",
            "signatures",
            Cost(work="signatures", mb_per_second=80.0, held_per_byte=4.0, held_per_longest=14.0),
        ),
        Entry("minhash:bands", "bands", replace(_COST, share=0.2)),
        Entry("minhash:edges", "edges", replace(_COST, share=0.1)),
        Entry("minhash:components", "components", replace(_COST, share=0.05)),
        Entry("minhash:members", "members", replace(_COST, share=0.5)),
        Entry("minhash", "clustered", replace(_COST, share=0.15)),
    ),
    decides=True,
    copies="near-duplicates",
    reasons={"minhash.duplicate": "It shares most of its shingles with a document that stays"},
)
