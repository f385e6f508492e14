"""The family of the tokenizer: making it, and encoding the kept documents with it."""

from corpus.family import Cost, Entry, Family
from corpus.tokenizer.settings import Tokenizer

_COST = Cost(work="tokens", mb_per_second=20.0, writes=0.5, held_per_byte=6.0, held_per_longest=8.0)

FAMILY = Family(
    name="tokenizer",
    room=__package__,
    doc="The tokenizer, and the tokens of the kept documents; null for none",
    settings=Tokenizer,
    stages=(
        Entry("vocabulary", "vocabulary", Cost(work="tokens", mb_per_second=20.0, share=0.2, writes=0.0)),
        Entry("encode", "encode", _COST),
    ),
)
