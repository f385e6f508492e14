"""Cuts a sequence of small things into groups, so that adding or removing one thing changes only its own group.

Whether a thing is the last of its group depends on its name alone (content-defined chunking: Muthitacharoen et al.,
A low-bandwidth network file system, 2001). The probability is size / wanted, so groups have the size `wanted` on
average.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeVar

MOST = 4  # a group ends at this many times the wanted size, whatever the names are: one group in e^4 does

Thing = TypeVar("Thing")


def ends_group(name: bytes, size: int, wanted: int) -> bool:
    """Returns whether the thing with this name and size is the last of its group."""
    draw = int.from_bytes(blake2b(name, digest_size=8).digest())
    return draw * wanted < size << 64


def groups(
    things: Sequence[Thing], name: Callable[[Thing], bytes], size: Callable[[Thing], int], wanted: int
) -> Iterator[list[Thing]]:
    """Yields the things in groups with a total size of about `wanted`. They must be in the order of their names."""
    group: list[Thing] = []
    total = 0
    for thing in things:
        group.append(thing)
        total += size(thing)
        if total >= MOST * wanted or ends_group(name(thing), size(thing), wanted):
            yield group
            group, total = [], 0
    if group:
        yield group
