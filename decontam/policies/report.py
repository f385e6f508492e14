"""Report: touches nothing, and says what is touched."""

from decontam.coverage import coverage, worst
from decontam.policies import Judged, View, no_cuts
from decontam.policies.coverage import MOST_ITEMS, NGRAM

DOC = "drops nothing; lists the items that coverage's 8-grams touch"
SOURCE = "Pomona"
LIMIT = 2.0
UNIT = "share of an item"


def judge(view: View) -> Judged:
    """Drops nothing."""
    found = coverage(view, NGRAM, view.common, MOST_ITEMS)
    value = worst(found, len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, found.document, found.unit, found.share, no_cuts())
