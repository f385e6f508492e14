"""Report: drops nothing, and lists the touched items."""

from decontam.policies import Judged, View, coverage

DOC = "drops nothing; lists the items that coverage's 6-grams touch"
SOURCE = "Pomona"
LIMIT = 2.0
UNIT = "share of an item"


def judge(view: View) -> Judged:
    """Judges as `coverage` does, but no value reaches the limit."""
    judged = coverage.judge(view)
    return judged._replace(dropped=judged.value >= LIMIT)
