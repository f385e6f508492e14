"""The family of ablations: one study per entry."""

from corpus.family import Cost, Entry, Family
from pomona.ablation.settings import Study

FAMILY = Family(
    name="ablate",
    room=__package__,
    doc="Studies that compare variants of this recipe by small models, in order",
    section="ablations",
    settings=Study,
    per_entry=True,
    stages=(Entry("ablate", "ablate", Cost(work="training", mb_per_second=150.0, unit="GFLOP/s on all cores")),),
)
