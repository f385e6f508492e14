"""The family of training: one run per entry. The rate of its work is in GFLOP/s of whole steps."""

from corpus.family import Cost, Entry, Family
from training.settings import Run

FAMILY = Family(
    name="train",
    room=__package__,
    doc="Training runs, in order",
    settings=Run,
    per_entry=True,
    stages=(Entry("train", "train", Cost(work="training", mb_per_second=150.0), needs="tokenizer"),),
)
