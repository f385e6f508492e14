"""The family of judgments: two models, or one, and a judge per entry."""

from corpus.family import Cost, Entry, Family
from eval_suites.judges.settings import Judge

FAMILY = Family(
    name="judge",
    room=__package__,
    doc="Judgments of models' answers by a judge, in order",
    settings=Judge,
    per_entry=True,
    stages=(Entry("judge", "judge", Cost(work="training", mb_per_second=150.0, unit="GFLOP/s on all cores")),),
)
