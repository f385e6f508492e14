"""The family of training: one run per entry."""

from corpus.family import Cost, Entry, Family
from training.settings import Run

FAMILY = Family(
    name="train",
    room=__package__,
    doc="Training runs, in order",
    settings=Run,
    per_entry=True,
    stages=(
        Entry(
            "train", "train", Cost(work="training", mb_per_second=150.0, unit="GFLOP/s on all cores"), needs="tokenizer"
        ),
    ),
)
