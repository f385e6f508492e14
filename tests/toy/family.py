"""The family."""

from corpus.family import Cost, Entry, Family
from tests.toy.settings import Shout

FAMILY = Family(
    name="shout",
    room=__package__,
    doc="Documents that shout; null for no",
    settings=Shout,
    stages=(Entry("shout", "shout", Cost(mb_per_second=100.0)),),
    decides=True,
    reasons={"shout.capitals": "It is written in capitals"},
)
