"""Llama 2: drops a document that holds 80% of an item's tokens in shared n-grams of more than ten tokens.

The paper's n-grams consist of SentencePiece tokens and may skip up to four of them. Here they consist of 11 words and
skip none.
"""

from decontam.coverage import NEVER, coverage, worst
from decontam.policies import Judged, View, no_cuts

DOC = "11-grams cover 80% of a question or an answer"
SOURCE = "Touvron et al. 2023, Llama 2, appendix A.6 (dirty: 80% or more contaminated tokens)"
LIMIT = 0.8
UNIT = "share of an item"
NGRAM = 11


def judge(view: View) -> Judged:
    """Drops a document that holds 80% of a unit."""
    touched = coverage(view, NGRAM, NEVER, NEVER)
    value = worst(touched.document, touched.share, len(view.offsets) - 1)
    return Judged(value, value >= LIMIT, touched.document, touched.unit, touched.share, no_cuts())
