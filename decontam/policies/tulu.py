"""Tulu: drops a document whose 8-grams cover half of an item's words."""

from decontam.coverage import NEVER, coverage, worst
from decontam.policies import Judged, View, no_cuts

DOC = "8-grams cover half of a question or an answer"
SOURCE = "Lambert et al. 2024, Tulu 3, section 3.2 (8-gram matching, tokens of an item matched above 50%)"
LIMIT = 0.5
UNIT = "share of an item"
NGRAM = 8


def judge(view: View) -> Judged:
    """Drops a document that holds half of a unit."""
    touched = coverage(view, NGRAM, NEVER, NEVER)
    value = worst(touched.document, touched.share, len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, touched.document, touched.unit, touched.share, no_cuts())
