"""Coverage: 6-grams cover half of an item, and stretch over two thirds of it. The default.

As tulu, with what false positives taught. A quotation, or a phrase of an instruction, that a question contains is one
run of its words; who has seen the question has words from all over it. And the first n-gram that a document shares
with an item must say something: one that many documents hold without the item is common usage (AFM's exception,
counted over the whole corpus), one that many items hold is a template of the benchmark. The figures were chosen on
planted items of five benchmarks and looked at again with other plants, half of the items protected;
docs/experiments.md has the alternatives.
"""

from decontam.coverage import LEAST_EXTENT, LEAST_SHARE, MOST_ITEMS, NGRAM, coverage, worst
from decontam.policies import Judged, View, no_cuts

DOC = (
    "6-grams, not all common usage or templates, cover half of a question or a long answer, and stretch over 65% of it"
)
SOURCE = "Pomona; after Lambert et al. 2024 (Tulu 3), section 3.2, and AFM's common-usage exception"
LIMIT = LEAST_SHARE
UNIT = "share of an item"


def judge(view: View) -> Judged:
    """Drops a document that holds half of a unit that identifies its item, from all over it."""
    touched = coverage(view, NGRAM, view.common, MOST_ITEMS)
    wide = touched.extent >= LEAST_EXTENT
    value = worst(touched.document[wide], touched.share[wide], len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, touched.document, touched.unit, touched.share, no_cuts())
