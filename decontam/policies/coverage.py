"""Coverage: drops a document whose 6-grams cover half of an item and stretch over two thirds of it. The default.

It is the policy `tulu` with two changes against false positives:

- The shared words must come from all over the question. A question can contain a quotation, or a phrase of an
  instruction, and a document with only this phrase has one run of the question's words.
- The first n-gram that a document shares with an item must not be common usage or a template. An n-gram that many
  documents hold without the item is common usage (AFM's exception, counted over the whole corpus). An n-gram that many
  items hold is a template of the benchmark.

The figures were chosen on planted items of five benchmarks. They were checked with other planted items, where half of
the items were protected. docs/experiments.md has the alternatives.
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
    """Drops a document that holds half of a unit that identifies its item, with words from all over the unit."""
    touched = coverage(view, NGRAM, view.common, MOST_ITEMS)
    wide = touched.extent >= LEAST_EXTENT
    value = worst(touched.document[wide], touched.share[wide], len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, touched.document, touched.unit, touched.share, no_cuts())
