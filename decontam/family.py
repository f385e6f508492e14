"""The family of decontamination: two passes over the corpus, each followed by a sum."""

from dataclasses import replace

from corpus.family import Cost, Entry, Family
from decontam.settings import Decontaminate

_COST = Cost(work="decontam", mb_per_second=50.0, held_per_byte=4.0, held_per_longest=20.0)

FAMILY = Family(
    name="decontam",
    room=__package__,
    doc="Removal of documents that hold benchmarks; null turns it off",
    settings=Decontaminate,
    section="decontaminate",
    stages=(
        Entry("decontam:counts", "counts", replace(_COST, share=0.5)),
        Entry("decontam:totals", "totals", replace(_COST, share=0.01)),
        Entry("decontam", "decisions", replace(_COST, share=0.5)),
        Entry("decontam:touched", "touched", replace(_COST, share=0.01)),
    ),
    decides=True,
    cuts="Cut by decontamination",
)
