"""Coverage: 8-grams that identify an item cover half of it. The default.

As tulu, with the two exceptions that false positives taught: an 8-gram that many documents hold is common usage (AFM's
exception, counted over the whole corpus, so that a text spread over many sources is seen as common), and one that many
items hold is a template of the benchmark, not an exercise.
"""

from decontam.coverage import coverage, worst
from decontam.policies import Judged, View, no_cuts

DOC = "8-grams cover half of a question or an answer; not those in common use, nor a benchmark's templates"
SOURCE = "Pomona; after Lambert et al. 2024 (Tulu 3), section 3.2, and AFM's common-usage exception"
LIMIT = 0.5
UNIT = "share of an item"
NGRAM = 8
MOST_ITEMS = 10


def judge(view: View) -> Judged:
    """Drops a document that holds half of a unit that identifies its item."""
    found = coverage(view, NGRAM, view.common, MOST_ITEMS)
    value = worst(found, len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, found.document, found.unit, found.share, no_cuts())
