"""Coverage: 6-grams cover half of an item, and stretch over two thirds of it. The default.

As tulu, with what false positives taught. A quotation, or a phrase of an instruction, that a question contains is one
run of its words; who has seen the question has words from all over it. And the first n-gram that a document shares
with an item must say something: one that many documents hold is common usage (AFM's exception, counted over the whole
corpus), one that many items hold is a template of the benchmark. The figures were chosen on planted items of five
benchmarks and looked at again with other plants, half of the items protected; docs/experiments.md has the alternatives.
"""

from decontam.coverage import coverage, worst
from decontam.policies import Judged, View, no_cuts

DOC = (
    "6-grams, not all common usage or templates, cover half of a question or a long answer, and stretch over 65% of it"
)
SOURCE = "Pomona; after Lambert et al. 2024 (Tulu 3), section 3.2, and AFM's common-usage exception"
LIMIT = 0.5
UNIT = "share of an item"
NGRAM = 6
MOST_ITEMS = 10
LEAST_EXTENT = 0.65


def judge(view: View) -> Judged:
    """Drops a document that holds half of a unit that identifies its item, from all over it."""
    found = coverage(view, NGRAM, view.common, MOST_ITEMS)
    wide = found.extent >= LEAST_EXTENT
    value = worst(found.document[wide], found.share[wide], len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, found.document, found.unit, found.share, no_cuts())
