"""Where a run of small things ends, so that one more or one less changes its own group and no other.

Whether a thing is the last of its group depends on its name alone (content-defined chunking: Muthitacharoen et al.,
A low-bandwidth network file system, 2001): with probability size / wanted, so that groups are of that size on average.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeVar

MOST = 4  # times the wanted size, at which a group ends whatever the names say: one in e^4 does

Thing = TypeVar("Thing")


def ends_group(name: bytes, size: int, wanted: int) -> bool:
    """Whether the thing of this name and size is the last of its group."""
    draw = int.from_bytes(blake2b(name, digest_size=8).digest())
    return draw * wanted < size << 64


def groups(
    things: Sequence[Thing], name: Callable[[Thing], bytes], size: Callable[[Thing], int], wanted: int
) -> Iterator[list[Thing]]:
    """The things, which stand in the order of their names, in groups of about `wanted` together."""
    held: list[Thing] = []
    total = 0
    for thing in things:
        held.append(thing)
        total += size(thing)
        if total >= MOST * wanted or ends_group(name(thing), size(thing), wanted):
            yield held
            held, total = [], 0
    if held:
        yield held
