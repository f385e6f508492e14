"""What an unpacker had unpacked when it met a fault: it raises, and drops all that the same call had given before.

A wrong checksum stands at the very end of a member; what was unpacked before it is all there. So the call is made
again, with one packed byte at a time: the byte that meets the fault has nothing to give.
"""

import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

_STEP_BYTES = 1 << 16
_READ_BYTES = 1 << 12
_MOST_BYTES = 1 << 28  # that one call can have given


def of_gzip(unpacker: Any, packed: bytes) -> tuple[bytes, int]:
    """What comes out of `packed` before the fault, and how many of its bytes stand before the one that meets it.

    `unpacker` is a copy from before the call that raised.
    """
    pieces: list[bytes] = []
    left = packed
    before = unpacker
    try:
        while True:
            before = unpacker.copy()
            pieces.append(unpacker.decompress(left, _STEP_BYTES))
            left = unpacker.unconsumed_tail
            if not left and not pieces[-1]:
                return b"".join(pieces), len(packed)
    except zlib.error:
        last, n_taken = _one_by_one(before, left, zlib.error)
    return b"".join([*pieces, *last]), len(packed) - len(left) + n_taken


def of_member(
    make: Callable[[], Any], file: BinaryIO, start: int, end: int, n_given: int, n_last: int = _READ_BYTES
) -> tuple[bytes, int]:
    """What the zstd frame, bz2 or xz stream at `start` gives before the fault, without its first `n_given` bytes.

    And the offset of the byte that meets the fault. It is unpacked again, since these unpackers cannot be copied.
    `end` is where the packed bytes end that had been given when it raised; the fault lies in the last `n_last` of
    them. Moves the file's position.
    """
    errors = _errors()
    unpacker, n_out = make(), 0
    file.seek(start)
    left = max(end - n_last - start, 0)
    try:
        while left > 0 and (block := file.read(min(_READ_BYTES, left))):
            left -= len(block)
            n_out += len(unpacker.decompress(block))
    except errors:
        return b"", start

    last_start = max(end - n_last, start)
    file.seek(last_start)
    last, n_taken = _one_by_one(unpacker, file.read(end - last_start), errors)
    return b"".join(last)[n_given - n_out :], last_start + n_taken


def _one_by_one(unpacker: Any, packed: bytes, errors: Any) -> tuple[list[bytes], int]:
    """What single bytes give, and how many there were before the one that raised."""
    pieces: list[bytes] = []
    n_out = 0
    at = 0
    try:
        for at in range(len(packed)):
            pieces.append(unpacker.decompress(packed[at : at + 1]))
            n_out += len(pieces[-1])
            if unpacker.eof or n_out > _MOST_BYTES:
                break
    except errors:
        pass
    return pieces, at


def _errors() -> tuple[type[Exception], ...]:
    import zstandard

    return (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)
