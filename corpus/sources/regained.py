"""Regains the bytes that were unpacked before a fault. The unpacker's call that meets a fault raises and drops them.

For example, a wrong checksum is at the very end of a member, and all bytes before it are good. So the call is repeated
with one packed byte at a time. Then only the byte that meets the fault gives nothing.
"""

import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

_STEP_BYTES = 1 << 16
_READ_BYTES = 1 << 12
_MOST_BYTES = 1 << 28  # unpacked bytes that one call can have given


def of_gzip(unpacker: Any, packed: bytes) -> tuple[bytes, int]:
    """Returns (the bytes unpacked from `packed` before the fault, number of packed bytes before the one that meets it).

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
    """Returns (unpacked bytes before the fault, without the first `n_given`; offset of the byte that meets the fault).

    They are from the zstd frame, bz2 or xz stream at `start`. It is unpacked again, because these unpackers cannot be
    copied. `end` is the end of the packed bytes that the unpacker had got when it raised. The fault is in the last
    `n_last` of them. Moves the file's position.
    """
    # Unpack again up to the last packed bytes ...
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

    # ... and these one by one.
    last_start = max(end - n_last, start)
    file.seek(last_start)
    last, n_taken = _one_by_one(unpacker, file.read(end - last_start), errors)
    return b"".join(last)[n_given - n_out :], last_start + n_taken


def _one_by_one(unpacker: Any, packed: bytes, errors: Any) -> tuple[list[bytes], int]:
    """Unpacks single bytes. Returns (pieces, number of bytes before the one that raised)."""
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
