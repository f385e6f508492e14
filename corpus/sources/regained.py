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


def of_gzip(unpacker: Any, packed: bytes) -> bytes:
    """What comes out of `packed` before the fault; `unpacker` is a copy from before the call that raised."""
    pieces: list[bytes] = []
    try:
        while True:
            before = unpacker.copy()
            pieces.append(unpacker.decompress(packed, _STEP_BYTES))
            packed = unpacker.unconsumed_tail
            if not packed and not pieces[-1]:
                return b"".join(pieces)
    except zlib.error:
        pieces += _one_by_one(before, packed, zlib.error)
    return b"".join(pieces)


def of_member(
    make: Callable[[], Any], file: BinaryIO, start: int, end: int, n_given: int, n_last: int = _READ_BYTES
) -> bytes:
    """What the zstd frame, bz2 or xz stream at `start` gives before the fault, without its first `n_given` bytes.

    It is unpacked again, since these unpackers cannot be copied. `end` is where the packed bytes end that had been
    given when it raised; the fault lies in the last `n_last` of them. Moves the file's position.
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
        return b""

    file.seek(max(end - n_last, start))
    last = b"".join(_one_by_one(unpacker, file.read(end - file.tell()), errors))
    return last[n_given - n_out :]


def _one_by_one(unpacker: Any, packed: bytes, errors: Any) -> list[bytes]:
    pieces: list[bytes] = []
    n_out = 0
    try:
        for at in range(len(packed)):
            pieces.append(unpacker.decompress(packed[at : at + 1]))
            n_out += len(pieces[-1])
            if unpacker.eof or n_out > _MOST_BYTES:
                break
    except errors:
        pass
    return pieces


def _errors() -> tuple[type[Exception], ...]:
    import zstandard

    return (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)
