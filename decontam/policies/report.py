"""Report: touches nothing, and says what is touched."""

from decontam.policies import Judged, View, coverage

DOC = "drops nothing; lists the items that coverage's 6-grams touch"
SOURCE = "Pomona"
LIMIT = 2.0
UNIT = "share of an item"


def judge(view: View) -> Judged:
    """As coverage, but nothing reaches the limit."""
    judged = coverage.judge(view)
    return judged._replace(dropped=judged.value >= LIMIT)
