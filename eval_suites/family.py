"""The family of scores: a model and a suite per entry."""

from corpus.family import Cost, Entry, Family
from eval_suites.settings import Score

FAMILY = Family(
    name="score",
    room=__package__,
    doc="Scores of models on suites of tasks, in order",
    settings=Score,
    per_entry=True,
    stages=(Entry("score", "score", Cost(work="training", mb_per_second=150.0, unit="GFLOP/s on all cores")),),
)
